import { isDeepStrictEqual } from 'node:util';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open as openHandle, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock';
import { DiskBudget, SpoolFull } from '../../src/spool/disk-budget';
import type { SpoolSettings } from '../../src/spool/spool';
import { SpoolOperator } from '../../src/spool/spool-operator';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import { until } from '../support/until';
import {
  bury,
  namesIn,
  numberCodec,
  openSpool,
  removeDirectory,
  settingsFor,
  temporaryDirectory,
  type OpenSpool,
} from './spool-fixture';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const keyOf = (name: string): string => name.replace(/\.\d+\.spool$/, '');

let directory: string;
let settings: SpoolSettings;
const opened: OpenSpool[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  settings = settingsFor(directory);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(opened.splice(0).map(({ spool }) => spool.stop()));
  removeDirectory(directory);
});

function open(options: Partial<Parameters<typeof openSpool>[0]> = {}): OpenSpool {
  const one = openSpool({ settings, ...options });
  opened.push(one);
  return one;
}

const onDisk = ({ spool }: OpenSpool, count: number) =>
  until(
    () => spool.status().segments,
    (n) => n === count,
  );
const arrived = ({ transport }: OpenSpool, count: number) =>
  until(
    () => transport.numbers.length,
    (n) => n >= count,
    { timeoutMs: 15_000 },
  );

/** A disk on which writes of more than so many bytes wait. */
async function holdWrites(bytes: number): Promise<{ readonly held: number; release(): void }> {
  const handle = await openHandle(__filename);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const write = Reflect.get(prototype, 'write') as (...args: unknown[]) => Promise<unknown>;
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  let held = 0;
  async function waitAndWrite(this: FileHandle, ...args: unknown[]): Promise<unknown> {
    if ((args[0] as Buffer).length > bytes) {
      held++;
      await gate;
    }
    return Reflect.apply(write, this, args);
  }
  jest.spyOn(prototype, 'write').mockImplementation(waitAndWrite as unknown as FileHandle['write']);
  return {
    get held() {
      return held;
    },
    release,
  };
}

/** It hears of them some moments after the backend has the segments. */
async function expectResults({ results }: OpenSpool, expected: OpenSpool['results']): Promise<void> {
  await until(() => isDeepStrictEqual(results, expected)).catch(() => undefined);
  expect(results).toEqual(expected);
}

/** A process that has spooled this many and was killed. */
async function deadProcess(count: number, instance = 'orders-9'): Promise<string> {
  const one = open({ source: { service: 'orders', instance } });
  one.append(count);
  await onDisk(one, count);
  const [name = ''] = namesIn(settings, '.000001.spool').filter((found) => found.includes(instance));
  await one.spool.stop();
  opened.splice(opened.indexOf(one), 1);
  bury(settings, keyOf(name));
  return name;
}

describe('a spool', () => {
  it('writes what it is given into a file of its own, which only its user may read', async () => {
    const one = open();
    one.append(10);
    await onDisk(one, 10);
    const [name = ''] = namesIn(settings, '.spool');
    expect(name).toMatch(/^orders\.orders-1\.[0-9a-f]{8}\.\w+-\d+-[0-9a-f]{8}\.000001\.spool$/);
    expect(statSync(settings.directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(settings.directory, name)).mode & 0o777).toBe(0o600);
    expect(one.spool.status()).toMatchObject({ files: 1, blocks: 3, segments: 10, waitingForDisk: 0, fault: null });
  });

  it('delivers all of it when a backend is there, and leaves no file', async () => {
    const one = open();
    one.append(10);
    await onDisk(one, 10);
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 10);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(one.transport.numbers).toEqual(range(1, 10));
    await expectResults(one, { sent: 10 });
  });

  it('delivers all of it though the disk is slower than a turn is long', async () => {
    // By this clock it is.
    const one = open({ clock: { ...systemClock, elapsed: () => systemClock.elapsed() * 1e6 } });
    one.append(10);
    await onDisk(one, 10);
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 10);
    expect(one.transport.numbers).toEqual(range(1, 10));
  });

  it('keeps what the backend does not take now, and delivers each once', async () => {
    const one = open();
    one.append(12);
    await onDisk(one, 12);
    let refusals = 3;
    one.transport.fate = () => (refusals-- > 0 ? 'untouched' : 'stored');
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 12);
    expect(one.transport.numbers).toEqual(range(1, 12));
  });

  const slow = { codec: numberCodec(64 * 1024) };
  const wasTold = ({ spool }: OpenSpool) => until(() => spool.status().waitingForDisk < 32);

  it('writes to the disk what comes while a backend that is there takes its time, and delivers each once', async () => {
    const one = open(slow);
    let answer: (fate: 'stored') => void = () => undefined;
    const answered = new Promise<'stored'>((resolve) => (answer = resolve));
    let asked = 0;
    one.transport.fate = () => (asked++ === 0 ? answered : 'stored');
    one.transport.isReady = true;
    one.append(1);
    await until(() => asked === 1);
    // Twice as much as memory may hold.
    for (let round = 0; round < 16; round++) {
      one.append(16);
      await wasTold(one);
    }
    expect(one.spool.status()).toMatchObject({ fault: null, droppedBecause: {} });
    expect(one.spool.status().segments).toBeGreaterThan(200);
    answer('stored');
    await arrived(one, 257);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 257));
    await expectResults(one, { sent: 257 });
  }, 30_000);

  it('writes to the disk what comes while a backend that is there takes nothing', async () => {
    const one = open(slow);
    let isTaking = false;
    one.transport.fate = () => (isTaking ? 'stored' : 'untouched');
    one.transport.isReady = true;
    for (let round = 0; round < 16; round++) {
      one.append(16);
      await wasTold(one);
    }
    expect(one.spool.status()).toMatchObject({ fault: null, droppedBecause: {} });
    isTaking = true;
    one.spool.wake();
    await arrived(one, 256);
    await expectResults(one, { sent: 256 });
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 256));
  }, 30_000);

  it('writes few files against a backend that takes nothing', async () => {
    const one = open(slow);
    let asked = 0;
    const takesNothing = (): 'untouched' => {
      asked++;
      return 'untouched';
    };
    one.transport.fate = takesNothing;
    one.transport.isReady = true;
    one.append(32);
    await until(() => one.spool.status().segments > 0);
    for (let round = 0; round < 40; round++) {
      const before = asked;
      one.append(2);
      one.spool.wake();
      await until(() => asked > before);
    }
    // The oldest, which is tried again and again, and the one that is written to.
    const { files, segments, waitingForDisk } = one.spool.status();
    expect(files).toBeLessThanOrEqual(3);
    expect(segments).toBeGreaterThan(60);
    expect(segments + waitingForDisk).toBe(112);
    one.transport.fate = () => 'stored';
    one.spool.wake();
    await until(() => one.results.sent === 112);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 112));
  }, 30_000);

  it('counts once what is dropped from the disk for want of room while a backend takes its time', async () => {
    settings = settingsFor(directory, { maxBytes: 4 * 1024 * 1024 });
    // By this clock the turn goes on with the files behind the one that was on its way.
    const one = open({ ...slow, clock: { ...systemClock, elapsed: () => systemClock.elapsed() / 1e3 } });
    one.append(32);
    await onDisk(one, 32);
    let answer: (fate: 'stored') => void = () => undefined;
    const answered = new Promise<'stored'>((resolve) => (answer = resolve));
    let asked = 0;
    one.transport.fate = () => (asked++ === 0 ? answered : 'stored');
    one.transport.isReady = true;
    one.spool.wake();
    await until(() => asked === 1);
    for (let round = 0; round < 4; round++) {
      one.append(16);
      await wasTold(one);
    }
    await until(() => one.results['spool-full']);
    answer('stored');
    await until(() => namesIn(settings, '.spool').length === 0);
    const { length: sent } = one.transport.numbers;
    await expectResults(one, { sent, 'spool-full': 96 - sent });
  }, 30_000);

  /** Time passes only where a timer is waited for, and where a test says so. */
  function jumpingClock(): Clock & { pass(ms: number): void } {
    let elapsed = 0;
    const pass = (ms: number): void => void (elapsed += ms);
    return {
      ...systemClock,
      random: () => 0.5,
      elapsed: () => elapsed,
      pass,
      after: (ms, fn) =>
        systemClock.after(0, () => {
          pass(ms);
          fn();
        }),
    };
  }

  /** A disk that gives no room until it is told to. */
  function fullDisk(clock: Clock): { readonly triedAt: number[]; empty(): void } {
    const triedAt: number[] = [];
    const reserve = jest.spyOn(DiskBudget.prototype, 'reserve').mockImplementation(() => {
      triedAt.push(clock.elapsed());
      return Promise.reject(new SpoolFull('all bytes are in use'));
    });
    return { triedAt, empty: () => reserve.mockRestore() };
  }

  /** Long enough for a spool that waits by the same clock to lose its patience. */
  async function slowly<T>(clock: Clock, answer: T): Promise<T> {
    for (let round = 0; round < 2; round++) await new Promise<void>((resolve) => clock.after(50, resolve));
    return answer;
  }

  it.each([2, 7])('writes nothing while a backend takes at once what waits, be it %d MiB', async (megabytes) => {
    const clock = jumpingClock();
    const { triedAt } = fullDisk(clock);
    const one = open({ ...slow, clock });
    one.transport.isReady = true;
    await until(() => namesIn(settings, '.owner').length === 1);
    one.append(megabytes * 16);
    await until(() => one.results.sent === megabytes * 16);
    expect(triedAt).toEqual([]);
    expect(one.transport.numbers).toEqual(range(1, megabytes * 16));
  });

  it('writes at once when memory is full, though a backend has not had its time', async () => {
    // By this clock its time never comes.
    const one = open({
      ...slow,
      clock: { ...systemClock, after: (ms, fn) => systemClock.after(ms === 500 ? 1e6 : ms, fn) },
    });
    let answer: (fate: 'stored') => void = () => undefined;
    const answered = new Promise<'stored'>((resolve) => (answer = resolve));
    let asked = 0;
    one.transport.fate = () => (asked++ === 0 ? answered : 'stored');
    one.transport.isReady = true;
    one.append(1);
    await until(() => asked === 1);
    one.append(128);
    await wasTold(one);
    answer('stored');
    await until(() => one.results.sent === 129);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 129));
  }, 30_000);

  it('asks a disk that took nothing ever more seldom while a backend that is there is slow', async () => {
    const clock = jumpingClock();
    const { triedAt } = fullDisk(clock);
    const one = open({ ...slow, clock });
    let asked = 0;
    one.transport.fate = () => {
      asked++;
      one.append(1);
      return slowly(clock, 'stored');
    };
    one.transport.isReady = true;
    one.append(20);
    await until(() => clock.elapsed() > 60_000);
    one.transport.fate = () => 'stored';
    expect(triedAt.length).toBeGreaterThan(2);
    expect(triedAt.length).toBeLessThan(9);
    await until(() => one.results.sent === asked + 20);
    expect(new Set(one.transport.numbers).size).toBe(asked + 20);
  }, 30_000);

  it('does not say that the disk takes segments again before it does', async () => {
    const clock = jumpingClock();
    const disk = fullDisk(clock);
    const one = open({ ...slow, clock });
    let asked = 0;
    let taken = 10;
    one.transport.fate = () => {
      asked++;
      return taken-- > 0 ? slowly(clock, 'stored') : 'untouched';
    };
    one.transport.isReady = true;
    one.append(20);
    await until(() => disk.triedAt.length > 0 && asked > 20);
    expect(one.spool.status()).toMatchObject({ fault: 'it is full: all bytes are in use', waitingForDisk: 10 });
    expect(one.lines).toHaveLength(1);
    disk.empty();
    one.append(20);
    await until(() => one.spool.status().fault === null);
    expect(one.lines.slice(1)).toEqual([expect.stringContaining('takes segments again')]);
    taken = 30;
    await until(() => one.results.sent === 40);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 40));
  }, 30_000);

  it.each([
    ['is slow all the time', 20, () => true],
    ['is quick again, before the disk is asked again', 60, (fault: string | null) => fault === null],
  ])('has no fault any more once nothing waits for the disk, where a backend %s', async (_how, count, isSlow) => {
    const clock = jumpingClock();
    fullDisk(clock);
    const one = open({ ...slow, clock });
    one.transport.fate = () => {
      if (isSlow(one.spool.status().fault)) return slowly(clock, 'stored');
      clock.pass(2_000);
      return 'stored';
    };
    one.transport.isReady = true;
    one.append(count);
    await until(() => one.results.sent === count);
    await until(() => one.spool.status().fault === null);
    // Nothing has shown that it takes segments again.
    expect(one.lines).toEqual([
      expect.stringContaining('takes nothing: it is full'),
      expect.stringMatching(/nothing waits for the spool in .* any more/),
    ]);
  });

  it('goes on writing though the directory cannot be looked through', async () => {
    const eio = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    const read = jest.spyOn(SpoolDirectory.prototype, 'readOwner').mockRejectedValue(eio);
    // It is not looked through a second time: by this clock the time for that never comes.
    const one = open({ clock: { ...systemClock, elapsed: () => 0 } });
    await until(() => one.spool.status().fault === 'EIO: i/o error');
    for (const count of [4, 8, 12]) {
      one.append(4);
      await onDisk(one, count);
    }
    expect(read).toHaveBeenCalledTimes(1);
    expect(one.lines).toEqual([expect.stringContaining('has a fault: EIO')]);
  }, 30_000);

  it('leaves a directory alone that cannot be used, ever longer', async () => {
    mkdirSync(settings.directory, { mode: 0o700 });
    chmodSync(settings.directory, 0o755);
    const clock = jumpingClock();
    let waits = 0;
    const after: Clock['after'] = (ms, fn) => {
      waits++;
      return clock.after(ms, fn);
    };
    open({ clock: { ...clock, after } });
    await until(() => clock.elapsed() > 120_000);
    // One for each time that it is asked, after 1, 2, 4, 8, 16 and each 22.5 seconds.
    expect(waits).toBeLessThan(25);
  });

  it('goes on to deliver once the backend has answered, however much there is to be written', async () => {
    const one = open(slow);
    let answer: (fate: 'stored') => void = () => undefined;
    const answered = new Promise<'stored'>((resolve) => (answer = resolve));
    let asked = 0;
    one.transport.fate = () => (asked++ === 0 ? answered : 'stored');
    one.transport.isReady = true;
    one.append(1);
    await until(() => asked === 1);
    const disk = await holdWrites(32 * 1024);
    one.append(60);
    await until(() => disk.held === 1);
    answer('stored');
    disk.release();
    await until(() => one.results.sent === 61, Boolean, { timeoutMs: 15_000 });
    expect(disk.held).toBe(1);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(1, 61));
  }, 30_000);

  it('writes no other bytes to where a write is under way when the process ends', async () => {
    const one = open({ codec: numberCodec(20 * 1024), delivery: 'at-least-once' });
    let answer: (fate: 'stored') => void = () => undefined;
    const answered = new Promise<'stored'>((resolve) => (answer = resolve));
    let asked = 0;
    one.transport.fate = () => (asked++ === 0 ? answered : 'stored');
    one.transport.isReady = true;
    one.append(1);
    await until(() => asked === 1);
    const disk = await holdWrites(32 * 1024);
    one.append(60);
    await until(() => disk.held > 0);
    one.spool.flushSync();
    disk.release();
    answer('stored');
    await arrived(one, 61);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(new Set(one.transport.numbers)).toEqual(new Set(range(1, 61)));
    expect(one.spool.status()).toMatchObject({ corruptBlocks: 0, tornBytes: 0 });
  }, 30_000);

  it('gives up a block of unknown fate where segments go at most once', async () => {
    const one = open({ delivery: 'at-most-once' });
    one.append(8);
    await onDisk(one, 8);
    one.transport.fate = (numbers) => (numbers.includes(1) ? 'unknown' : 'stored');
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 4);
    await until(() => one.results['fate-unknown'] === 4);
    expect(one.transport.numbers).toEqual(range(5, 8));
  });

  it('sends a block of unknown fate again where segments go at least once', async () => {
    const one = open({ delivery: 'at-least-once' });
    one.append(8);
    await onDisk(one, 8);
    let failures = 2;
    one.transport.fate = () => (failures-- > 0 ? 'unknown' : 'stored');
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 8);
    await expectResults(one, { sent: 8 });
  });

  it('counts a block that the backend refuses, and goes on', async () => {
    const one = open();
    one.append(8);
    await onDisk(one, 8);
    one.transport.fate = (numbers) => (numbers.includes(1) ? 'refused' : 'stored');
    one.transport.isReady = true;
    one.spool.wake();
    await arrived(one, 4);
    await expectResults(one, { refused: 4, sent: 4 });
  });

  it('writes what is left synchronously when the process ends', async () => {
    const one = open();
    one.append(4);
    await onDisk(one, 4);
    one.append(3);
    one.spool.flushSync();
    expect(one.spool.status()).toMatchObject({ segments: 7, waitingForDisk: 0 });
  });

  it('writes all that is left when the process ends, though the machine is too busy to give it a second turn', async () => {
    let pausedMs = 0;
    const one = open({ clock: { ...systemClock, elapsed: () => systemClock.elapsed() + pausedMs++ * 100 } });
    one.append(4);
    await onDisk(one, 4);
    one.append(40);
    one.spool.flushSync();
    expect(one.spool.status()).toMatchObject({ segments: 44, waitingForDisk: 0 });
  });

  it('drops its oldest file when the directory is full, and counts it', async () => {
    settings = settingsFor(directory, { maxBytes: 1024 * 1024, seal: { bytes: 32 * 1024, count: 4, ageMs: 20 } });
    const one = open({ codec: numberCodec(8_000) });
    for (let round = 0; round < 60; round++) {
      one.append(4);
      await until(() => one.spool.status().waitingForDisk === 0);
      expect(one.spool.status().bytes).toBeLessThanOrEqual(settings.maxBytes);
    }
    const lost = one.results['spool-full'] ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(one.spool.status().segments + lost).toBe(240);
  }, 30_000);

  it('gives each of many processes room for what it has, and drops nothing while the directory is nearly empty', async () => {
    settings = settingsFor(directory, { maxBytes: 1024 * 1024 });
    const all: OpenSpool[] = [];
    for (const n of range(1, 24)) {
      const one = open({ source: { service: 'orders', instance: `orders-${n}` } });
      one.append(4);
      await onDisk(one, 4);
      all.push(one);
    }
    expect(all.map(({ results }) => results)).toEqual(all.map(() => ({})));
    expect(all.map(({ spool }) => spool.status().fault)).toEqual(all.map(() => null));
  }, 30_000);

  it('takes nothing more when the directory is full and the newest go', async () => {
    settings = settingsFor(directory, {
      maxBytes: 1024 * 1024,
      drop: 'newest',
      seal: { bytes: 32 * 1024, count: 4, ageMs: 20 },
    });
    const one = open({ codec: numberCodec(8_000) });
    one.append(240);
    await until(() => one.spool.status().fault !== null);
    expect(one.spool.status().fault).toContain('it is full');
    expect(one.results).toEqual({});
    expect(one.lines.filter((line) => line.includes('takes nothing'))).toHaveLength(1);
  });

  it('gives up what is too old', async () => {
    settings = settingsFor(directory, { maxAgeMs: 300 });
    const one = open();
    one.append(4);
    await onDisk(one, 4);
    await until(() => one.results['spool-expired'] === 4, Boolean, { timeoutMs: 15_000 });
    expect(namesIn(settings, '.spool')).toEqual([]);
  }, 20_000);

  it('counts once what is too old where its file cannot be removed at first', async () => {
    settings = settingsFor(directory, { maxAgeMs: 300 });
    const original = SpoolDirectory.prototype.remove;
    let failures = 1;
    jest.spyOn(SpoolDirectory.prototype, 'remove').mockImplementation(function (this: SpoolDirectory, name) {
      if (name.endsWith('.spool') && failures-- > 0) return Promise.reject(new Error('EIO: i/o error'));
      return Reflect.apply(original, this, [name]);
    });
    const one = open();
    one.append(4);
    await onDisk(one, 4);
    await until(() => failures <= 0);
    expect(one.spool.status().segments + (one.results['spool-expired'] ?? 0)).toBe(4);
    await until(() => one.results['spool-expired'] === 4);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(one.spool.status()).toMatchObject({ segments: 0, droppedBecause: { 'spool-expired': 4 } });
  }, 30_000);

  it('leaves nothing behind when it is empty', async () => {
    const one = open();
    await until(() => namesIn(settings, '.owner').length === 1);
    await one.spool.stop();
    expect(namesIn(settings, '')).toEqual([]);
  });
});

describe('a directory that cannot be used', () => {
  const fault = (one: OpenSpool) => until(() => one.spool.status().fault, Boolean);

  it.each<[string, () => void, string]>([
    ['a link', () => symlinkSync('/tmp', settings.directory), 'symbolic link'],
    ['a file', () => writeFileSync(settings.directory, ''), 'it is not a directory'],
    ['open to others', () => mkdirSync(settings.directory, { mode: 0o755 }), 'chmod 700'],
  ])('since it is %s is warned of once, and the segments stay in memory', async (_, prepare, expected) => {
    prepare();
    const one = open();
    one.append(5);
    expect(await fault(one)).toContain(expected);
    one.spool.wake();
    expect(one.lines).toHaveLength(1);
    expect(one.spool.status()).toMatchObject({ segments: 0, waitingForDisk: 5 });
    // They go out from there.
    one.transport.isReady = true;
  });

  it('is used as soon as it can be', async () => {
    writeFileSync(settings.directory, '');
    const one = open();
    one.append(4);
    await fault(one);
    rmSync(settings.directory);
    await until(
      () => one.spool.status().segments,
      (n) => n === 4,
      { timeoutMs: 15_000 },
    );
    await until(() => one.spool.status().fault === null);
    await until(() => one.lines.at(-1)?.includes('takes segments again'));
  }, 20_000);

  it('since it has vanished is made again, and what was in it is counted', async () => {
    const one = open();
    one.append(4);
    await onDisk(one, 4);
    rmSync(settings.directory, { recursive: true });
    await until(() => one.results['spool-corrupt'] === 4, Boolean, { timeoutMs: 15_000 });
    one.append(4);
    await onDisk(one, 4);
    expect(namesIn(settings, '.spool')).toHaveLength(1);
  }, 20_000);
});

it('a file that is removed while it is written to costs what was in it, and nothing of what comes', async () => {
  const one = open();
  one.append(4);
  await onDisk(one, 4);
  rmSync(join(settings.directory, namesIn(settings, '.spool')[0] ?? ''));
  one.append(4);
  await until(() => namesIn(settings, '.000002.spool').length === 1);
  await onDisk(one, 4);
  await expectResults(one, { 'spool-corrupt': 4 });
});

describe('the spool of a dead process', () => {
  it('is delivered by a living one of its service, under the name of the dead', async () => {
    await deadProcess(10);
    const two = open({ source: { service: 'orders', instance: 'orders-2' } });
    two.transport.isReady = true;
    await arrived(two, 10);
    expect(two.transport.received).toEqual(range(1, 10).map((number) => ({ number, by: 'orders/orders-9' })));
    await until(() => namesIn(settings, '').filter((name) => name.includes('orders-9')).length === 0);
    expect(two.spool.status()).toMatchObject({
      adopted: 10,
      adoptedFrom: [{ service: 'orders', instance: 'orders-9' }],
    });
    expect(two.results).toEqual({});
  }, 20_000);

  it('is not delivered by a process of another service', async () => {
    await deadProcess(4);
    const other = open({ source: { service: 'billing', instance: 'billing-1' } });
    const same = open({ source: { service: 'orders', instance: 'orders-2' } });
    other.transport.isReady = true;
    same.transport.isReady = true;
    await arrived(same, 4);
    expect(other.transport.received).toEqual([]);
  }, 20_000);

  it('is delivered by one of many, once', async () => {
    await deadProcess(40);
    const all = range(1, 5).map((n) =>
      open({ source: { service: 'orders', instance: `orders-${n}` }, settings: { ...settings, adopt: 'any' } }),
    );
    for (const { transport } of all) transport.isReady = true;
    await until(() => all.flatMap(({ transport }) => transport.numbers).length >= 40, Boolean, { timeoutMs: 20_000 });
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(all.flatMap(({ transport }) => transport.numbers).sort((a, b) => a - b)).toEqual(range(1, 40));
  }, 30_000);

  it('is delivered to its end by the process that has begun, also when another one becomes the first', async () => {
    await deadProcess(12);
    const two = open({ source: { service: 'orders', instance: 'orders-2' } });
    two.transport.fate = ([first]) => (first === 1 ? 'stored' : 'untouched');
    two.transport.isReady = true;
    await arrived(two, 4);
    const one = open({ source: { service: 'orders', instance: 'orders-1' } });
    one.transport.isReady = true;
    await until(() => namesIn(settings, '.owner').some((name) => name.startsWith('orders.orders-1')));
    two.transport.fate = () => 'stored';
    await arrived(two, 12);
    expect([two.transport.numbers, one.transport.numbers]).toEqual([range(1, 12), []]);
  }, 20_000);

  it('is cut off behind the last whole block, and the rest arrives', async () => {
    const name = await deadProcess(10);
    const path = join(settings.directory, name);
    truncateSync(path, statSync(path).size - 3);
    const two = open();
    two.transport.isReady = true;
    await arrived(two, 8);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(two.transport.numbers).toEqual(range(1, 8));
    expect(two.spool.status().tornBytes).toBeGreaterThan(0);
    expect(namesIn(settings, '.corrupt')).toEqual([]);
  }, 20_000);

  it('has a block that its reader was sending when it died counted, and not sent a second time', async () => {
    const name = await deadProcess(12);
    const bytes = readFileSync(join(settings.directory, name));
    const second = bytes.indexOf('SKYB', bytes.indexOf('SKYB', 1) + 1);
    const position = JSON.stringify({ sequence: 1, offset: second, unsettled: 4 });
    writeFileSync(join(settings.directory, `${keyOf(name)}.aaaaaaaa.position`), position);
    const two = open({ source: { service: 'orders', instance: 'orders-2' } });
    two.transport.fate = ([first]) => (first === 9 ? 'untouched' : 'stored');
    two.transport.isReady = true;
    await arrived(two, 4);
    two.transport.fate = () => 'stored';
    await arrived(two, 8);
    await until(() => namesIn(settings, '.spool').length === 0);
    expect(two.transport.numbers).toEqual(range(5, 12));
    expect(two.spool.status()).toMatchObject({ adopted: 8, droppedBecause: { 'fate-unknown': 4 } });
  }, 20_000);

  it('has a corrupt block set aside with its reason, and the rest arrives', async () => {
    const name = await deadProcess(12);
    const path = join(settings.directory, name);
    const bytes = readFileSync(path);
    const second = bytes.indexOf('SKYB', bytes.indexOf('SKYB', bytes.indexOf('SKYB') + 1) + 1);
    bytes[second + 60] = (bytes[second + 60] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const two = open();
    two.transport.isReady = true;
    await arrived(two, 8);
    expect(two.transport.numbers).toEqual([1, 2, 3, 4, 9, 10, 11, 12]);
    expect(namesIn(settings, '.corrupt')).toEqual([expect.stringContaining('.checksum.corrupt')]);
    expect(two.spool.status().corruptBlocks).toBe(1);
  }, 20_000);

  it('is not delivered where its file does not say whose it is', async () => {
    const name = await deadProcess(4);
    const path = join(settings.directory, name);
    const bytes = readFileSync(path);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const two = open();
    two.transport.isReady = true;
    await until(() => namesIn(settings, '.no-owner.corrupt').length === 1, Boolean, { timeoutMs: 15_000 });
    expect(two.transport.received).toEqual([]);
  }, 20_000);

  it('is cleared away after its reader has died with all of it delivered', async () => {
    const name = await deadProcess(4);
    const key = keyOf(name);
    rmSync(join(settings.directory, name));
    const by = 'orders.orders-8.0000000a.aaa-1-aaaaaaaa';
    writeFileSync(join(settings.directory, `${key}.claim`), JSON.stringify({ by, ends: {}, isDone: false }));
    open({ source: { service: 'orders', instance: 'orders-2' } });
    await until(() => namesIn(settings, '').filter((found) => found.includes('orders-9')).length === 0);
  }, 20_000);

  it('is left alone with files of other names in the directory', async () => {
    await deadProcess(4);
    const mine = join(settings.directory, 'notes.txt');
    writeFileSync(mine, 'mine');
    appendFileSync(join(settings.directory, 'x.000001.spool'), 'mine');
    const two = open();
    two.transport.isReady = true;
    await arrived(two, 4);
    expect(readFileSync(mine, 'utf8')).toBe('mine');
    expect(namesIn(settings, 'x.000001.spool')).toHaveLength(1);
  }, 20_000);
});

it('an operator who delivers what a dead process has left shows for all of that time that this goes on', async () => {
  const name = await deadProcess(96);
  let elapsed = 0;
  const clock: Clock = { ...systemClock, elapsed: () => elapsed };
  const touch = jest.spyOn(SpoolDirectory.prototype, 'touch');
  const operator = new SpoolOperator(settings.directory, clock);
  let sent = 0;
  const ending = await operator.send(
    keyOf(name),
    {
      codec: numberCodec(),
      transport: {
        // Each of the 24 blocks takes less than the time after which it is due.
        deliver: (segments) => {
          elapsed += 6_000;
          sent += [...segments].length;
          return Promise.resolve('stored');
        },
      },
      delivery: 'at-most-once',
      onResult: () => undefined,
      onDamage: () => undefined,
    },
    new AbortController().signal,
  );
  expect([ending, sent]).toEqual([undefined, 96]);
  expect(touch.mock.calls.length).toBeGreaterThanOrEqual(10);
});

it('a spool whose disk takes nothing delivers from memory without a pause, however much there is', async () => {
  mkdirSync(settings.directory, { mode: 0o700 });
  chmodSync(settings.directory, 0o755);
  // A turn is over with its first block.
  const one = open({ clock: { ...systemClock, elapsed: () => systemClock.elapsed() * 1e6 } });
  one.append(200);
  await until(() => one.spool.status().fault !== null);
  one.transport.isReady = true;
  one.spool.wake();
  await arrived(one, 200);
});

it('a spool whose disk takes nothing delivers from memory', async () => {
  mkdirSync(settings.directory, { mode: 0o700 });
  chmodSync(settings.directory, 0o755);
  const one = open();
  one.append(6);
  await until(() => one.spool.status().fault !== null);
  one.transport.isReady = true;
  one.spool.wake();
  await arrived(one, 6);
  await expectResults(one, { sent: 6 });
});
