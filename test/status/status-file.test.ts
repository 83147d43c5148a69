import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { toIso } from '../../src/base/time';
import { Log } from '../../src/base/log';
import { FileLock } from '../../src/status/lock/file-lock';
import { StatusStore } from '../../src/status/status-store';
import { StatusFile, type StatusFileOptions } from '../../src/status/status-file';
import { slowClock } from '../support/slow-clock';
import { until } from '../support/until';
import { ChildProcesses } from '../control/child-processes';

const processes = new ChildProcesses();
let folder: string;
let path: string;
let logged: string[];
let files: StatusFile[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-status-'));
  path = join(folder, 'skyanchor.status.json');
  logged = [];
  files = [];
});

afterEach(async () => {
  await Promise.all(files.map((file) => file.release()));
  await processes.dismiss();
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => processes.clear());

function statusFile(options: Partial<StatusFileOptions> = {}): StatusFile {
  const say = (message: string): void => void logged.push(message);
  const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
  const file = new StatusFile({ path, clock: systemClock, log, ...options });
  files.push(file);
  return file;
}

const takeLock = (): Promise<FileLock> =>
  FileLock.take({ path, clock: systemClock, isPatient: false, isOver: () => false, onHandover: () => undefined });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Entry = Record<string, unknown>;
const entries = (): Record<string, Entry> => JSON.parse(readFileSync(path, 'utf8')).instances;
const put = (instances: Record<string, unknown>): void =>
  writeFileSync(path, JSON.stringify({ version: 1, instances }));
const untilEntry = (name: string, pleases: (entry: Entry) => unknown) =>
  until(() => (existsSync(path) ? (entries()[name] ?? {}) : {}), pleases);

/** By its clock a lock is abandoned, on a busy machine as well, long before a claim is given up: 0.3 s are 1.2 s. */
const slow = slowClock(4);

const GONE = { pid: 2 ** 22 - 1, host: hostname(), updatedAt: toIso(Date.now()), token: 'f'.repeat(32) };

describe('the claim of a name', () => {
  it('gets the plain name, and a later process the lowest free number', async () => {
    const [first, second, third] = [statusFile(), statusFile(), statusFile()];
    expect(await first.claim('orders')).toBe('orders');
    expect(await second.claim('orders')).toBe('orders-2');
    expect(await third.claim('orders')).toBe('orders-3');
    expect(await statusFile().claim('payment')).toBe('payment');
    await second.release();
    expect(await statusFile().claim('orders')).toBe('orders-2');
    expect(await statusFile().claim('orders')).toBe('orders-4');
  });

  it('takes the names of the dead', async () => {
    put({ orders: GONE, 'orders-2': { ...GONE, pid: process.pid, updatedAt: toIso(Date.now() - 91_000) } });
    expect(await statusFile().claim('orders')).toBe('orders');
    expect(await statusFile().claim('orders')).toBe('orders-2');
  });

  it('is right for eight processes that start together, and a replaced one gets the freed number', async () => {
    const start = () => processes.start({ file: join(folder, 'command'), statusFile: path, claim: 'orders' });
    const children = Array.from({ length: 8 }, start);
    const claimed = await Promise.all(children.map((child) => child.ready()));
    const all = ['orders', ...Array.from({ length: 7 }, (_, at) => `orders-${at + 2}`)];
    expect([...claimed].sort()).toEqual([...all].sort());
    for (const name of ['orders-3', 'orders']) {
      const victim = children.find(({ instance }) => instance === name)!;
      victim.process.kill('SIGKILL');
      await victim.end();
      expect(await start().ready()).toBe(name);
    }
    await until(() => readdirSync(folder).join() === 'skyanchor.status.json');
  });

  it('is made again when another process with the same lock overwrote it', async () => {
    const original = StatusStore.prototype.update;
    const spy = jest.spyOn(StatusStore.prototype, 'update').mockImplementationOnce(async function (
      this: StatusStore,
      ...args
    ) {
      await original.apply(this, args);
      put({ orders: { ...GONE, pid: process.pid } });
    });
    expect(await statusFile().claim('orders')).toBe('orders-2');
    spy.mockRestore();
    expect(Object.keys(entries())).toEqual(['orders', 'orders-2']);
  });

  it('returns no name and logs a warning where the file cannot be', async () => {
    writeFileSync(join(folder, 'no-directory'), '');
    expect(await statusFile({ path: join(folder, 'no-directory', 'x') }).claim('orders')).toBeUndefined();
    expect(await statusFile({ path: join(folder, 'missing', 'x') }).claim('orders')).toBeUndefined();
    expect(logged).toHaveLength(2);
    for (const line of logged) expect(line).toMatch(/cannot be written: .*(ENOTDIR|ENOENT)/);
  });

  it('is given up after two seconds before a lock that another process holds, and made good by the next write', async () => {
    const lock = await takeLock();
    const file = statusFile();
    const start = performance.now();
    expect(await file.claim('orders')).toBeUndefined();
    expect(performance.now() - start).toBeGreaterThan(1_900);
    expect(performance.now() - start).toBeLessThan(6_000);
    expect(logged[0]).toMatch(
      /could not be locked and written in time; .* other processes do not see that the name orders is taken/,
    );
    await lock.release();
    expect(existsSync(path)).toBe(false);
    file.adopt('orders');
    file.write({ phase: 'registered' });
    await untilEntry('orders', ({ phase }) => phase === 'registered');
  });

  it('waits its turn for longer than two seconds while the lock goes from hand to hand', async () => {
    const attempts = jest.spyOn(FileLock, 'take');
    attempts.mockImplementationOnce(async (options) => {
      for (let passed = 0; passed < 12; passed++) {
        await sleep(250);
        options.onHandover();
        if (options.isOver()) throw new Error('it was over');
      }
      return takeLock();
    });
    const start = performance.now();
    expect(await statusFile().claim('orders')).toBe('orders');
    expect(performance.now() - start).toBeGreaterThan(2_500);
    attempts.mockRestore();
    expect(logged).toEqual([]);
  });

  it('outlasts a lock that a process killed at that very moment left', async () => {
    mkdirSync(`${path}.lock`);
    expect(await statusFile({ clock: slow }).claim('orders')).toBe('orders');
    expect(logged).toEqual([]);
  });

  it('is left alone when it is released before it was made', async () => {
    const file = statusFile();
    const claim = file.claim('orders');
    await file.release();
    await claim;
    expect(existsSync(path) ? entries() : {}).toEqual({});
  });
});

describe('an entry', () => {
  it('is this process’s status, soon after it changed, beside the fields that show whether it lives', async () => {
    const file = statusFile({ clock: slow });
    file.write({ service: 'orders' });
    await file.claim('orders');
    expect(entries().orders).toMatchObject({ service: 'orders', pid: process.pid, host: hostname() });
    const identity = process.platform === 'linux' ? ['processStart', 'pidSpace'] : [];
    const last = ['updatedAt', 'token', ...identity];
    expect(Object.keys(entries().orders!).slice(-last.length)).toEqual(last);
    for (let at = 0; at < 50; at++) file.write({ service: 'orders', at });
    const start = slow.elapsed();
    await untilEntry('orders', ({ at }) => at === 49);
    expect(slow.elapsed() - start).toBeLessThan(1_500);
    expect(statSync(path).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o644);
    await until(() => readdirSync(folder).join() === 'skyanchor.status.json');
  });

  it('has what was counted soon, in one write, and is not written again until more is counted', async () => {
    let sent = 0;
    const file = statusFile({ status: () => ({ sent }) });
    file.write({ sent });
    await file.claim('orders');
    const save = jest.spyOn(StatusStore.prototype, 'update');
    const startedAt = performance.now();
    while (performance.now() - startedAt < 500) {
      sent++;
      file.countsChanged();
      await sleep(5);
    }
    await untilEntry('orders', (entry) => entry.sent === sent);
    expect(save).toHaveBeenCalledTimes(1);
    sent++;
    file.countsChanged();
    await untilEntry('orders', (entry) => entry.sent === sent);
    expect(save).toHaveBeenCalledTimes(2);
    save.mockRestore();
  });

  it('takes one snapshot for changes that come together, and none before their caller has gone on', async () => {
    let phase = 'registered';
    const status = jest.fn(() => ({ phase }));
    const file = statusFile({ status, essenceOf: (shown) => String(shown['phase']) });
    file.write({ phase });
    await file.claim('orders');
    for (phase of ['unregistered', 'service-known', 'registered again']) file.statusChanged();
    expect(status).not.toHaveBeenCalled();
    await untilEntry('orders', (entry) => entry.phase === 'registered again');
    expect(status).toHaveBeenCalledTimes(1);
  });

  it('is not written when nothing has changed of what an operator looks for', async () => {
    let heartbeats = 0;
    const status = jest.fn(() => ({ phase: 'registered', heartbeats }));
    const file = statusFile({ status, essenceOf: (shown) => String(shown['phase']) });
    file.write({ phase: 'none yet' });
    await file.claim('orders');
    file.statusChanged();
    await untilEntry('orders', ({ phase }) => phase === 'registered');
    const save = jest.spyOn(StatusStore.prototype, 'update');
    try {
      heartbeats++;
      file.statusChanged();
      await until(() => status.mock.calls.length === 2);
      expect(save).not.toHaveBeenCalled();
    } finally {
      save.mockRestore();
    }
  });

  it('is written once for one who waits for it, also while the lock is another’s for longer than writes are apart', async () => {
    const status = jest.fn(() => ({ phase: 'registered' }));
    const file = statusFile({ status, essenceOf: (shown) => String(shown['phase']) });
    file.write({ phase: 'none yet' });
    await file.claim('orders');
    file.statusChanged();
    await untilEntry('orders', ({ phase }) => phase === 'registered');
    const lock = await takeLock();
    const save = jest.spyOn(StatusStore.prototype, 'update');
    try {
      const written = file.writeNow({ phase: 'shown' });
      file.statusChanged();
      // The loop had its turn.
      await until(() => status.mock.calls.length === 2);
      await lock.release();
      await written;
      expect(entries()['orders']).toMatchObject({ phase: 'shown' });
      expect(save).toHaveBeenCalledTimes(1);
    } finally {
      save.mockRestore();
    }
  });

  it('leaves time to the others where many share the file', async () => {
    const others = Object.fromEntries(
      Array.from({ length: 19 }, (_, at) => [
        `other-${at}`,
        { ...GONE, host: 'elsewhere', updatedAt: toIso(Date.now()) },
      ]),
    );
    put(others);
    let sent = 0;
    const file = statusFile({ status: () => ({ sent }) });
    file.write({ sent });
    await file.claim('orders');
    sent = 1;
    file.countsChanged();
    await untilEntry('orders', (entry) => entry.sent === 1);
    const writtenAt = performance.now();
    sent = 2;
    file.countsChanged();
    await untilEntry('orders', (entry) => entry.sent === 2);
    expect(performance.now() - writtenAt).toBeGreaterThan(3_900);
  });

  it('logs that it is written again if it logged that it could not be written', async () => {
    rmSync(folder, { recursive: true });
    const file = statusFile();
    file.write({ phase: 'registered' });
    await file.claim('orders');
    file.adopt('orders');
    await until(() => logged.length > 0);
    mkdirSync(folder);
    await untilEntry('orders', (entry) => entry.phase === 'registered');
    await until(() => logged.length > 1);
    expect(logged).toEqual([
      expect.stringMatching(/^the status file .* cannot be written: .*ENOENT/),
      `the status file ${path} is written again`,
    ]);
  });

  it('is gone after release, and the others are left', async () => {
    const [first, second] = [statusFile(), statusFile()];
    await first.claim('a');
    await second.claim('b');
    await first.release();
    await first.release();
    first.write({ late: true });
    expect(Object.keys(entries())).toEqual(['b']);
  });

  it('comes back after the file was lost or broken', async () => {
    const file = statusFile();
    await file.claim('orders');
    for (const text of ['', '{"version": 1, "inst', '[]', '\u0000\u0000']) {
      writeFileSync(path, text);
      file.write({ text });
      await untilEntryAnyway('orders', (entry) => entry.text === text);
    }
    rmSync(path);
    file.write({ text: 'removed' });
    await untilEntryAnyway('orders', (entry) => entry.text === 'removed');
  });

  it('of a dead process is removed by the first of the sorted live instances only', async () => {
    const [second, first] = [statusFile(), statusFile()];
    await second.claim('b');
    await first.claim('a');
    put({ ...entries(), c: GONE });
    second.write({ n: 1 });
    await untilEntry('b', ({ n }) => n === 1);
    expect(Object.keys(entries())).toEqual(['a', 'b', 'c']);
    const leftover = `${path}.${GONE.token}.tmp`;
    writeFileSync(leftover, 'half of it');
    first.write({ n: 1 });
    await untilEntry('a', ({ n }) => n === 1);
    expect(Object.keys(entries())).toEqual(['a', 'b']);
    expect(existsSync(leftover)).toBe(false);
    put({ ...entries(), 'A-dead': GONE });
    second.write({ n: 2 });
    await untilEntry('b', ({ n }) => n === 2);
    expect(Object.keys(entries())).toContain('A-dead');
  });

  it('does not lead a write out of the directory, by a link or by a token', async () => {
    const target = join(folder, 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, path);
    await statusFile().claim('orders');
    expect(readFileSync(target, 'utf8')).toBe('precious');
    put({ ...entries(), zzz: { ...GONE, token: 'precious' } });
    writeFileSync(`${path}.precious.tmp`, 'precious');
    await statusFile().claim('a');
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(existsSync(`${path}.precious.tmp`)).toBe(true);
  });

  it('is not waited for behind a FIFO', async () => {
    execFileSync('mkfifo', [path]);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(logged).toEqual([expect.stringContaining('it is not a regular file')]);
  });
});

describe('a name that another live process has', () => {
  const named = (instance: string): string[] =>
    Object.entries(entries())
      .filter(([, entry]) => entry.instance === instance)
      .map(([name]) => name)
      .sort();

  async function shareName(): Promise<readonly [StatusFile, StatusFile]> {
    const [first, second] = [statusFile(), statusFile()];
    first.write({ instance: 'orders', n: 1 });
    await first.claim('orders');
    // It could not be claimed, say: the agent has gone on without.
    second.adopt('orders');
    second.write({ instance: 'orders', n: 2 });
    await until(() => named('orders').length === 2);
    return [first, second];
  }

  it('is said, in the log and in the file, and his entry is left alone', async () => {
    const [first, second] = await shareName();
    expect(named('orders')).toEqual(['orders', `orders (pid ${process.pid})`]);
    expect(entries().orders).toMatchObject({ n: 1 });
    expect(entries().orders).not.toHaveProperty('sharesNameWith');
    expect(entries()[`orders (pid ${process.pid})`]).toMatchObject({ n: 2, sharesNameWith: process.pid });
    expect(logged.filter((line) => /name orders is also that of process \d+, which lives/.test(line))).toHaveLength(1);
    first.write({ instance: 'orders', n: 3 });
    await untilEntry('orders', ({ n }) => n === 3);
    second.write({ instance: 'orders', n: 4 });
    await untilEntry(`orders (pid ${process.pid})`, ({ n }) => n === 4);
    expect(entries().orders).toMatchObject({ n: 3 });
    expect(logged).toHaveLength(1);
  });

  it('is had alone once the other is gone', async () => {
    const [first, second] = await shareName();
    await first.release();
    expect(named('orders')).toEqual([`orders (pid ${process.pid})`]);
    second.write({ instance: 'orders', n: 5 });
    await untilEntry('orders', ({ n }) => n === 5);
    expect(named('orders')).toEqual(['orders']);
    expect(entries().orders).not.toHaveProperty('sharesNameWith');
    await second.release();
    expect(entries()).toEqual({});
  });

  it('can be that of more than two, even where all have the same pid', async () => {
    await shareName();
    const third = statusFile();
    third.adopt('orders');
    third.write({ instance: 'orders', n: 6 });
    await until(() => named('orders').length === 3);
    await third.release();
    expect(named('orders')).toEqual(['orders', `orders (pid ${process.pid})`]);
    expect(await statusFile().claim('orders')).toBe('orders-2');
  });
});

describe('a lock', () => {
  it('that a killed process left is stale within the two seconds of a claim', async () => {
    mkdirSync(`${path}.lock`);
    // So long does it take for another process to be there.
    const time = Date.now() / 1_000 - 0.2;
    utimesSync(`${path}.lock`, time, time);
    expect(await statusFile({ clock: slow }).claim('orders')).toBe('orders');
  });

  it('that a process left behind whose clock went back is stale when it is not renewed', async () => {
    const file = statusFile();
    file.adopt('orders');
    mkdirSync(`${path}.lock`);
    const time = Date.now() / 1_000 + 3_600;
    utimesSync(`${path}.lock`, time, time);
    file.write({ n: 1 });
    await untilEntry('orders', ({ n }) => n === 1);
  });

  it('is dated as it was taken, so that it does not outlast its holder by a second more', async () => {
    const lock = await takeLock();
    expect(statSync(`${path}.lock`).mtimeMs).toBeLessThan(Date.now() + 5);
    await lock.release();
  });

  it('is ours for a time only, and not after it was removed', async () => {
    const lock = await takeLock();
    expect(lock.isHeld).toBe(true);
    rmSync(`${path}.lock`, { recursive: true });
    // proper-lockfile notices after a second, and would throw from a timer.
    await until(() => !lock.isHeld);
    await lock.release();
  });

  it('is waited for by all who want it, and had by one at a time', async () => {
    let holders = 0;
    let most = 0;
    const one = async (): Promise<void> => {
      const lock = await takeLock();
      most = Math.max(most, ++holders);
      await new Promise((resolve) => setTimeout(resolve, 3));
      holders--;
      await lock.release();
    };
    await Promise.all(Array.from({ length: 12 }, one));
    expect(most).toBe(1);
  });
});

describe('a full disk', () => {
  const canMount = ((): boolean => {
    try {
      execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  if (!canMount) console.log('a full disk is not tested: this machine lets us mount nothing');

  (canMount ? it : it.skip)('is said, harms nothing, and is made good when there is room again', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const script = `mount -t tmpfs -o size=16k,mode=755 none ${disk}\ndd if=/dev/zero of=${disk}/ballast bs=4k count=4 status=none || true\nexec "$@"`;
    const child = processes.start(
      { file: join(disk, 'command'), statusFile: join(disk, 'status'), instanceName: 'orders' },
      ['unshare', '-m', '--propagation', 'private', 'sh', '-ec', script, '--'],
    );
    await child.ready();
    const inside = `/proc/${child.process.pid}/root${disk}`;
    await until(() => child.logged.length);
    expect(child.logged[0]).toMatch(/ENOSPC/);
    expect(readdirSync(inside)).toEqual(['ballast']);
    rmSync(join(inside, 'ballast'));
    await until(() => existsSync(join(inside, 'status')));
    expect(JSON.parse(readFileSync(join(inside, 'status'), 'utf8')).instances.orders).toMatchObject({
      host: hostname(),
    });
    expect(child.ended).toBeUndefined();
  });
});

/** While the file is not even JSON. */
async function untilEntryAnyway(name: string, pleases: (entry: Entry) => unknown): Promise<void> {
  await until(() => {
    try {
      return pleases(entries()[name] ?? {});
    } catch {
      return false;
    }
  });
}
