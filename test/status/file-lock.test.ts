import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../src/base/clock';
import type * as Lazy from '../../src/base/lazy';
import { FileLock } from '../../src/status/lock/file-lock';
import type * as Locks from '../../src/status/lock/file-lock';
import { LockFileSystem } from '../../src/status/lock/lock-file-system';
import { endApps, startApp } from '../support/app';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import type { HolderOptions } from './lock-holder';

const HOUR_MS = 3_600_000;
const TYPESCRIPT = join(__dirname, '..', 'support', 'typescript.js');
const EXIT = join(__dirname, 'lock-exit.ts');
const HOLDER = join(__dirname, 'lock-holder.ts');

let folder: string;
let path: string;
let lockPath: string;
let handovers: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-lock-'));
  path = join(folder, 'status.json');
  lockPath = `${path}.lock`;
  handovers = 0;
});

afterEach(async () => {
  await endApps();
  rmSync(folder, { recursive: true, force: true });
});

const take = (): Promise<FileLock> =>
  FileLock.take({
    path,
    clock: systemClock,
    isPatient: false,
    isOver: () => false,
    onHandover: () => {
      handovers++;
    },
  });

function replaceLock(): void {
  rmdirSync(lockPath);
  // The number of the removed inode goes to this one.
  mkdirSync(join(folder, 'another'));
  mkdirSync(lockPath);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('what another tool puts in the place of process.on while the lock is loaded stays there', async () => {
  const own = Object.getOwnPropertyDescriptor(process, 'on');
  const theirs = jest.fn();
  const heard = (): void => undefined;
  try {
    await jest.isolateModulesAsync(async () => {
      const { modules } = jest.requireActual<typeof Lazy>('../../src/base/lazy');
      const load = modules.lockfile;
      jest.spyOn(modules, 'lockfile').mockImplementation(() => {
        const { on } = process;
        process.on = ((...args: Parameters<typeof on>) => {
          theirs();
          return on(...args);
        }) as typeof on;
        return load();
      });
      const { FileLock: Loaded } = jest.requireActual<typeof Locks>('../../src/status/lock/file-lock');
      const lock = await Loaded.take({
        path,
        clock: systemClock,
        isPatient: false,
        isOver: () => false,
        onHandover: () => undefined,
      });
      await lock.release();
    });
    theirs.mockClear();
    process.on('SIGXFSZ', heard);
    expect(theirs).toHaveBeenCalledTimes(1);
    expect(process.listeners('SIGXFSZ')).toContain(heard);
  } finally {
    process.removeListener('SIGXFSZ', heard);
    if (own) Object.defineProperty(process, 'on', own);
    else Reflect.deleteProperty(process, 'on');
  }
});

describe('processes whose clocks are an hour apart', () => {
  it('hold one lock one at a time, and none loses it to another', async () => {
    const journal = join(folder, 'journal');
    const aheads = { late: -HOUR_MS, right: 0, early: HOUR_MS };
    const holders = Object.entries(aheads).map(([name, aheadMs]) => {
      // Longer than until it is renewed for the first time, by the clock of its holder.
      const options: HolderOptions = { path, journal, name, aheadMs, times: 2, holdMs: 1_300 };
      return startApp(HOLDER, { nodeFlags: ['--require', TYPESCRIPT], args: [JSON.stringify(options)] });
    });
    const ends = await Promise.all(holders.map((holder) => holder.ended));
    expect(ends.map(({ code }, at) => `${code} ${holders[at]!.stderr}`)).toEqual(['0 ', '0 ', '0 ']);
    const lines = readFileSync(journal, 'utf8').trim().split('\n');
    const names = lines.filter((_, at) => at % 2 === 0).map((line) => line.replace('takes ', ''));
    expect([...names].sort()).toEqual(['early', 'early', 'late', 'late', 'right', 'right']);
    expect(lines).toEqual(names.flatMap((name) => [`takes ${name}`, `has ${name}`]));
  }, 60_000);
});

describe('a process that exits while it has a lock', () => {
  async function wordsOf(...args: string[]): Promise<string[]> {
    const app = startApp(EXIT, { nodeFlags: ['--require', TYPESCRIPT], args: [path, ...args] });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(existsSync(lockPath)).toBe(false);
    return `${app.stdout}${app.stderr}`.trim().split('\n');
  }
  const untouched = ['start: 0 0 0 0, as before', 'locked: 0 0 0 0, as before'];

  it('lets go of it, and has no listener to any signal because of it', async () => {
    expect(await wordsOf()).toEqual([...untouched, 'true']);
  });

  it('leaves the signal-exit of its locks to the application that uses the same', async () => {
    const used = ['with signal-exit: 1 1 1 1, patched', 'true', 'heard by the application'];
    expect(await wordsOf('uses signal-exit')).toEqual([...untouched, ...used]);
  });
});

describe('a lock', () => {
  it.each([-HOUR_MS, 0, HOUR_MS])('left by a SIGKILL, dated %d ms from now, is had in a moment', async (ms) => {
    mkdirSync(lockPath);
    const seconds = (Date.now() + ms) / 1_000;
    utimesSync(lockPath, seconds, seconds);
    const start = performance.now();
    const lock = await take();
    expect(performance.now() - start).toBeGreaterThan(1_500);
    expect(performance.now() - start).toBeLessThan(5_000);
    await lock.release();
    expect(existsSync(lockPath)).toBe(false);
  });

  it('leaves nothing behind of an attempt to take it, however many are made', async () => {
    mkdirSync(lockPath);
    const reactions = new Map<unknown, number>();
    const { then } = Promise.prototype;
    const spy = jest.spyOn(Promise.prototype, 'then').mockImplementation(function (this: Promise<unknown>, ...args) {
      reactions.set(this, (reactions.get(this) ?? 0) + 1);
      return Reflect.apply(then, this, args);
    });
    // Its holder is never found to be gone.
    const clock: Clock = { ...systemClock, elapsed: () => 0, after: (_ms, fn) => systemClock.after(0, fn) };
    let attempts = 0;
    try {
      const isOver = (): boolean => ++attempts === 20;
      const taken = FileLock.take({ path, clock, isPatient: true, isOver, onHandover: () => undefined });
      await expect(taken).rejects.toMatchObject({ code: 'ELOCKED' });
    } finally {
      spy.mockRestore();
    }
    expect(attempts).toBe(20);
    expect(reactions.size).toBeGreaterThan(20);
    expect(Math.max(...reactions.values())).toBeLessThan(5);
  });

  it('that is renewed is not taken, whatever its date', async () => {
    mkdirSync(lockPath);
    let seconds = Date.now() / 1_000 - 7_200;
    const renew = setInterval(() => utimesSync(lockPath, ++seconds, seconds), 500);
    let taken: FileLock | undefined;
    const taking = take().then((lock) => (taken = lock));
    await sleep(2_500);
    expect(taken).toBeUndefined();
    clearInterval(renew);
    await (await taking).release();
  });

  it('is renewed with the date of the file system, which all readers share', async () => {
    const before = jest
      .spyOn(Date, 'now')
      .mockImplementation(() => performance.timeOrigin + performance.now() + HOUR_MS);
    try {
      const lock = await take();
      const { mtimeMs } = statSync(lockPath);
      const renewed = await until(
        () => statSync(lockPath).mtimeMs,
        (now) => now !== mtimeMs,
      );
      expect(renewed - mtimeMs).toBeGreaterThan(500);
      expect(renewed - mtimeMs).toBeLessThan(5_000);
      await sleep(1_100);
      expect(lock.isHeld).toBe(true);
      await lock.release();
      expect(existsSync(lockPath)).toBe(false);
    } finally {
      before.mockRestore();
    }
  });

  it('takes nothing from other users, whatever the umask: what they put into it would keep it there', async () => {
    const before = process.umask(0);
    try {
      const lock = await take();
      expect(statSync(lockPath).mode & 0o777).toBe(0o700);
      await lock.release();
    } finally {
      process.umask(before);
    }
  });

  it('that another has by now is not removed with ours', async () => {
    const lock = await take();
    // The host stands still: no process has noticed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100);
    replaceLock();
    await lock.release();
    expect(existsSync(lockPath)).toBe(true);
  });

  it('that was abandoned and is another’s by now is not removed', async () => {
    const clock = new FakeClock();
    const fs = new LockFileSystem(clock, () => undefined);
    const age = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        fs.stat(lockPath, (error, stats) => (error ? reject(error) : resolve(stats?.mtime.getTime())));
      });
    const remove = (): Promise<void> => new Promise((resolve) => fs.rmdir(lockPath, () => resolve()));
    mkdirSync(lockPath);
    expect(await age()).toBe(Infinity);
    await clock.advance(1_600);
    expect(await age()).toBe(Infinity);
    await clock.advance(200);
    expect(await age()).toBe(-Infinity);
    replaceLock();
    await remove();
    expect(existsSync(lockPath)).toBe(true);
    expect(await age()).toBe(Infinity);
    await clock.advance(1_800);
    expect(await age()).toBe(-Infinity);
    await remove();
    expect(existsSync(lockPath)).toBe(false);
  });

  it('that others took for abandoned before its holder knew that he had it is asked for again', async () => {
    const clock = {
      ...systemClock,
      // The process stands still, between the making of the lock and the first look at it.
      now: () => {
        if (existsSync(lockPath) && stalls-- > 0) rmdirSync(lockPath);
        return systemClock.now();
      },
    };
    let stalls = 2;
    const waiter = { isPatient: false, isOver: () => false, onHandover: () => undefined };
    const lock = await FileLock.take({ path, clock, ...waiter });
    expect(stalls).toBeLessThanOrEqual(0);
    expect(lock.isHeld).toBe(true);
    expect(existsSync(lockPath)).toBe(true);
    await lock.release();
  });

  it.each(['get', 'set'])(
    'fails, and nothing else does, while Object.prototype has a %s, and is had when that is gone',
    async (name) => {
      // What is loaded by now is not refused as it is loaded.
      await (await take()).release();
      Object.defineProperty(Object.prototype, name, { value: 'x', configurable: true, writable: true });
      let taken: unknown;
      try {
        taken = await take().catch((error: unknown) => String(error));
      } finally {
        Reflect.deleteProperty(Object.prototype, name);
      }
      expect(taken).toMatch(/^TypeError: (Getter|Setter) must be a function: x$/);
      expect(existsSync(lockPath)).toBe(false);
      const lock = await take();
      expect(lock.isHeld).toBe(true);
      await lock.release();
    },
  );

  it('notifies a waiting process when its owner changes, and not when it is renewed', async () => {
    const first = await take();
    const second = take();
    // It has seen whose it is.
    await until(() => handovers > 0);
    const seen = handovers;
    await sleep(1_500);
    const seenSinceRenewal = handovers;
    await first.release();
    const others = await second;
    const third = take();
    await until(() => handovers > seenSinceRenewal);
    await others.release();
    await (await third).release();
    // At the end: one that still waited would fail in another test.
    expect(seenSinceRenewal).toBe(seen);
  });
});

describe('a lock whose directory cannot be made', () => {
  const refuse = (times: number): jest.SpyInstance => {
    const { mkdir } = LockFileSystem.prototype;
    return jest.spyOn(LockFileSystem.prototype, 'mkdir').mockImplementation(function (this: LockFileSystem, at, done) {
      if (times-- > 0) done(Object.assign(new Error('operation not permitted'), { code: 'EPERM' }));
      else mkdir.call(this, at, done);
    });
  };

  const { platform } = process;
  const beOn = (value: NodeJS.Platform): void => void Object.defineProperty(process, 'platform', { value });

  afterEach(() => {
    beOn(platform);
    jest.restoreAllMocks();
  });

  it('is taken at a later attempt on Windows, which so refuses the name of one that is just being removed', async () => {
    beOn('win32');
    refuse(3);
    const lock = await take();
    expect(lock.isHeld).toBe(true);
    await lock.release();
  });

  it('is given up after a bounded number of attempts on Windows', async () => {
    beOn('win32');
    const mkdir = refuse(1_000);
    await expect(take()).rejects.toMatchObject({ code: 'EPERM' });
    expect(mkdir.mock.calls.length).toBeLessThan(50);
  });

  it('is given up at once elsewhere', async () => {
    beOn('linux');
    const mkdir = refuse(1_000);
    await expect(take()).rejects.toMatchObject({ code: 'EPERM' });
    expect(mkdir).toHaveBeenCalledTimes(1);
  });
});
