import {
  existsSync,
  mkdirSync,
  promises,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import type { SpoolSettings } from '../../src/spool/spool';
import { until } from '../support/until';
import {
  bury,
  namesIn,
  openSpool,
  removeDirectory,
  settingsFor,
  temporaryDirectory,
  type OpenSpool,
} from './spool-fixture';

const DAY_MS = 86_400_000;

let directory: string;
let settings: SpoolSettings;
const opened: OpenSpool[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  settings = settingsFor(directory);
  mkdirSync(settings.directory, { mode: 0o700 });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(opened.splice(0).map(({ spool }) => spool.stop()));
  removeDirectory(directory);
});

function open(instance: string, options: Partial<Parameters<typeof openSpool>[0]> = {}): OpenSpool {
  const one = openSpool({ settings, source: { service: 'orders', instance }, ...options });
  opened.push(one);
  return one;
}

const at = (name: string): string => join(settings.directory, name);
const write = (name: string, value: unknown): void => writeFileSync(at(name), JSON.stringify(value), { mode: 0o600 });

/** What is left of a process in another container when another one has delivered all of it. @returns its key */
function plantLeftovers(n: number, ageMs: number): string {
  const key = `orders.gone-${n}.0123abcd.aaaaaaaa-1-${String(n).padStart(8, '0')}`;
  const startedAt = new Date(0).toISOString();
  write(`${key}.owner`, { service: 'orders', instance: `gone-${n}`, pid: 1, host: 'another', startedAt });
  write(`${key}.claim`, { by: 'orders.x.0123abcd.aaaaaaaa-1-bbbbbbbb', ends: {}, isDone: true });
  for (const reader of ['aaaaaaaa', 'bbbbbbbb']) write(`${key}.${reader}.position`, { sequence: 2, offset: 0 });
  const time = (systemClock.now() - ageMs) / 1_000;
  utimesSync(at(`${key}.owner`), time, time);
  return key;
}

/** As if it ran in another container, where its pid means nothing here. */
async function moveElsewhere(instance: string): Promise<string> {
  const [name = ''] = await until(
    () => namesIn(settings, '.owner').filter((found) => found.includes(`.${instance}.`)),
    (found) => found.length === 1,
  );
  const owner = JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, unknown>;
  write(name, { ...owner, host: 'another' });
  return name.replace(/\.owner$/, '');
}

const cleared = (key: string) =>
  until(
    () => readdirSync(settings.directory).filter((name) => name.startsWith(key)),
    (left) => left.length === 0,
    // Each scan waits for its turn, and its answers for theirs: a busy machine takes its time.
    { timeoutMs: 45_000 },
  );

const filesOf = (key: string): string[] => readdirSync(settings.directory).filter((name) => name.startsWith(key));

it('looks at each file at most once in a scan, however many processes have left something', async () => {
  const keys = Array.from({ length: 100 }, (_, n) => plantLeftovers(n + 1, 60_000));
  const old = plantLeftovers(0, 2 * DAY_MS);
  const readdirs = jest.spyOn(promises, 'readdir');
  const lstats = jest.spyOn(promises, 'lstat');
  const opens = jest.spyOn(promises, 'open');
  const scans = (): number => readdirs.mock.calls.filter(([path]) => path === settings.directory).length;
  const since = systemClock.elapsed();
  open('orders-1');
  await cleared(old);
  // And once more, so that each has been found dead.
  await cleared(plantLeftovers(9_999, 2 * DAY_MS));
  // A scan begins at most every 200 ms, lists once, and looks at one file a process.
  expect(scans()).toBeLessThanOrEqual((systemClock.elapsed() - since) / 200 + 5);
  const looks = lstats.mock.calls.filter(([path]) => String(path).startsWith(at('orders.')));
  expect(looks.length).toBeLessThanOrEqual(scans() * (keys.length + 5));
  for (const key of keys) expect(filesOf(key)).toHaveLength(4);
  // What is known to be delivered is not read again.
  expect(opens.mock.calls.filter(([path]) => path === at(`${keys[0]}.claim`))).toHaveLength(1);
});

it('clears away what a process in another container left when it has not shown for the highest age that it lives', async () => {
  const young = plantLeftovers(1, DAY_MS - 60_000);
  const old = plantLeftovers(2, DAY_MS + 60_000);
  const idle = plantLeftovers(3, DAY_MS + 60_000);
  rmSync(at(`${idle}.claim`));
  open('orders-1');
  await cleared(old);
  await cleared(idle);
  expect(filesOf(young)).toHaveLength(4);
});

it('clears away what a process of this host left once it is gone, though it was still there when that was looked at', async () => {
  const key = plantLeftovers(1, 60_000);
  const { mtimeMs } = statSync(at(`${key}.owner`));
  const touch = (): void => utimesSync(at(`${key}.owner`), mtimeMs / 1_000, mtimeMs / 1_000);
  const here = await new SpoolDirectory(settings.directory).ownOwner({ service: 'orders', instance: 'gone-1' }, 0);
  write(`${key}.owner`, here);
  touch();
  open('orders-1');
  await cleared(plantLeftovers(2, 2 * DAY_MS));
  // And once more, so that each has been found dead.
  await cleared(plantLeftovers(3, 2 * DAY_MS));
  expect(filesOf(key)).toContain(`${key}.owner`);
  bury(settings, key);
  touch();
  await cleared(key);
});

it('clears away nothing of a process in another container that lives, though its clock is two days behind', async () => {
  const late = { ...systemClock, now: () => systemClock.now() - 2 * DAY_MS };
  const one = open('orders-1', { clock: late });
  const key = await moveElsewhere('orders-1');
  const old = plantLeftovers(2, 2 * DAY_MS);
  open('orders-2');
  await cleared(old);
  // And once more, so that each file was looked at.
  await cleared(plantLeftovers(3, 2 * DAY_MS));
  expect(filesOf(key)).toContain(`${key}.owner`);
  one.append(4);
  one.transport.isReady = true;
  one.spool.wake();
  await until(() => one.results.sent === 4);
  expect(one.results).toEqual({ sent: 4 });
});

it('a process that lives and finds its files cleared away begins anew, and loses nothing that comes', async () => {
  const one = open('orders-1');
  const key = await moveElsewhere('orders-1');
  for (const name of filesOf(key)) rmSync(at(name));
  await until(() => namesIn(settings, '.owner').length === 1);
  one.append(4);
  await until(() => one.spool.status().segments === 4);
  one.transport.isReady = true;
  one.spool.wake();
  await until(() => one.results.sent === 4);
  expect(one.results).toEqual({ sent: 4 });
  expect(one.spool.status().fault).toBeNull();
});

it('a process that lives sends nothing more of a file when it finds that all of it was delivered and cleared away', async () => {
  const one = open('orders-1');
  one.append(12);
  await until(() => one.spool.status().segments === 12);
  const key = await moveElsewhere('orders-1');
  one.transport.fate = () => {
    for (const name of filesOf(key)) rmSync(at(name));
    return 'stored';
  };
  one.transport.isReady = true;
  one.spool.wake();
  await until(() => one.results['spool-corrupt'] === 8);
  expect(one.transport.numbers).toEqual([1, 2, 3, 4]);
  one.append(4);
  await until(() => one.results.sent === 8);
  expect(existsSync(at(`${key}.owner`))).toBe(false);
});

it('a process whose disk takes nothing shows twice a minute that it lives', async () => {
  const delays: number[] = [];
  let skipped = 0;
  const clock = {
    ...systemClock,
    random: () => 1,
    elapsed: () => systemClock.elapsed() + skipped,
    after: (ms: number, fn: () => void) => {
      delays.push(ms);
      return systemClock.after(Math.min(ms, 1), () => {
        skipped += Math.max(0, ms - 1);
        fn();
      });
    },
  };
  settings = settingsFor(directory, { maxBytes: 1 });
  const one = open('orders-1', { clock, settings: { ...settings, drop: 'newest' } });
  one.append(4);
  await until(() => delays.filter((ms) => ms > 10_000).length >= 5);
  const name = at(namesIn(settings, '.owner')[0] ?? '');
  const old = systemClock.now() - DAY_MS;
  utimesSync(name, old / 1_000, old / 1_000);
  await until(() => statSync(name).mtimeMs > old + DAY_MS / 2);
  expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  expect(one.spool.status().fault).toContain('it is full');
});

it('segments whose claim cannot be read, since the machine lost power, are delivered', async () => {
  const one = open('orders-9');
  one.append(4);
  await until(() => one.spool.status().segments === 4);
  await one.spool.stop();
  opened.splice(opened.indexOf(one), 1);
  const key = (namesIn(settings, '.owner')[0] ?? '').replace(/\.owner$/, '');
  bury(settings, key);
  writeFileSync(at(`${key}.claim`), '');
  const two = open('orders-2');
  two.transport.isReady = true;
  await until(() => two.transport.numbers.length === 4, Boolean, { timeoutMs: 15_000 });
  await cleared(key);
});

it('lists what is there where the file system does not tell what a name is, and one has gone meanwhile', async () => {
  const old = plantLeftovers(1, 2 * DAY_MS);
  const { readdir } = promises;
  jest
    .spyOn(promises, 'readdir')
    .mockImplementation(((path: string, options?: object) =>
      options
        ? Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }))
        : readdir(path)) as typeof readdir);
  const one = open('orders-1');
  await cleared(old);
  expect(one.spool.status().fault).toBeNull();
});
