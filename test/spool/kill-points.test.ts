import { join } from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { freePort } from '../support/free-port';
import { until as untilSoon } from '../support/until';
import { removeDirectory, temporaryDirectory } from './spool-fixture';
import { namesOnDisk, SpoolProcess, type SpoolProcessOptions } from './spool-process';

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(90_000);

const until = <T>(read: () => T | Promise<T>, pleases: (answer: T) => unknown = Boolean): Promise<T> =>
  untilSoon(read, pleases, { timeoutMs: 30_000, everyMs: 50 });

/** More than two blocks of 64. */
const COUNT = 160;
const BLOCK = 64;

let root: string;
let port: number;
let collector: Collector | undefined;
const processes: SpoolProcess[] = [];

beforeEach(async () => {
  root = temporaryDirectory();
  port = await freePort();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill()));
  await collector?.stop();
  collector = undefined;
  removeDirectory(root);
});

async function run(
  instance: string,
  delivery: SpoolProcessOptions['delivery'],
  killAt?: string,
): Promise<SpoolProcess> {
  const one = await SpoolProcess.start({
    ...{ instance, delivery, backend: `127.0.0.1:${port}`, directory: join(root, 'spool') },
    ...(killAt !== undefined && { killAt }),
  });
  processes.push(one);
  return one;
}

/** Fills the spool of a process that dies by SIGKILL. @returns the names in its whole blocks */
async function deadWriter(delivery: SpoolProcessOptions['delivery'], killAt?: string): Promise<string[]> {
  const writer = await run('writer', delivery, killAt);
  writer.make('n', 0, COUNT);
  if (killAt === undefined) {
    await until(
      () => namesOnDisk(join(root, 'spool')),
      (names) => names.length >= COUNT - 4,
    );
    await writer.kill();
  }
  await writer.ended;
  return namesOnDisk(join(root, 'spool'));
}

const arrived = (): string[] =>
  collector?.segments().flatMap(({ service, instance, spans }) => {
    expect(`${service}/${instance}`).toMatch(/^orders\/(writer|orders)/);
    return spans.map(({ operationName }) => operationName);
  }) ?? [];

/** Everything arrives that was sealed, as the policy says, and the directory is empty of it. */
async function expectDelivered(expected: readonly string[], delivery: SpoolProcessOptions['delivery']): Promise<void> {
  const last = await run('last', delivery);
  await until(async () => (await namesOnDisk(join(root, 'spool'))).length === 0);
  await until(async () => ((await last.ask())?.status.registration.phase ?? '').match(/registered|connected/));
  const names = arrived();
  const missing = expected.filter((name) => !names.includes(name));
  if (delivery === 'at-least-once') expect(missing).toEqual([]);
  else {
    // What was on its way when the process died is given up: one block, whole.
    expect([0, BLOCK, expected.length % BLOCK]).toContain(missing.length);
    expect(names.length).toBe(new Set(names).size);
  }
  expect(names.filter((name) => !expected.includes(name))).toEqual([]);
}

describe('killed while it writes', () => {
  it.each([
    ['before rename .owner 1'],
    ['after rename .owner 1'],
    ['before write .spool 1'],
    ['half write .spool 1'],
    ['after write .spool 1'],
    ['before write .spool 2'],
    ['half write .spool 2'],
    ['after write .spool 2'],
    ['half write .spool 3'],
  ])('%s: the next process delivers the blocks that are whole', async (killAt) => {
    const expected = await deadWriter('at-most-once', killAt);
    collector = await startCollector({ port, protocol: 'v3' });
    await expectDelivered(expected, 'at-most-once');
  });
});

const POINTS = [
  'before rename .claim 1',
  'after rename .claim 1',
  'before rename .claim 2',
  'after rename .claim 2',
  'before rename .position 1',
  'after rename .position 1',
  'before rename .position 2',
  'after rename .position 2',
  'before rename .position 3',
  'after rename .position 3',
  'before unlink .spool 1',
  'after unlink .spool 1',
  'before rename .claim 3',
  'after rename .claim 3',
  'before unlink .owner 1',
  'after unlink .owner 1',
  'before unlink .claim 1',
];

describe.each<[SpoolProcessOptions['delivery'], readonly string[]]>([
  ['at-most-once', POINTS],
  ['at-least-once', POINTS.filter((point) => /after|position/.test(point))],
])('killed while it delivers what another has left, with %s', (delivery, points) => {
  it.each(points)('%s: the next process goes on', async (killAt) => {
    const expected = await deadWriter(delivery);
    expect(expected.length).toBeGreaterThan(2 * BLOCK);
    collector = await startCollector({ port, protocol: 'v3' });
    const adopter = await run('adopter', delivery, killAt);
    await adopter.ended;
    await expectDelivered(expected, delivery);
  });
});
