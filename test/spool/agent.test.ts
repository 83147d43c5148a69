import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startCollector, type Collector, type Protocol } from '../../src/testing/index';
import { assertAccounted } from '../support/accounting';
import { freePort } from '../support/free-port';
import { until as untilSoon } from '../support/until';
import { cli } from '../cli/cli';
import { removeDirectory, temporaryDirectory } from './spool-fixture';
import { namesOnDisk, SpoolProcess, type SpoolProcessOptions } from './spool-process';

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(90_000);

const until = <T>(read: () => T | Promise<T>, pleases: (answer: T) => unknown = Boolean): Promise<T> =>
  untilSoon(read, pleases, { timeoutMs: 40_000, everyMs: 50 });

let root: string;
let spool: string;
let port: number;
let collector: Collector | undefined;
const processes: SpoolProcess[] = [];

beforeEach(async () => {
  root = temporaryDirectory();
  spool = join(root, 'spool');
  port = await freePort();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill()));
  await collector?.stop();
  collector = undefined;
  removeDirectory(root);
});

async function run(instance: string, options: Partial<SpoolProcessOptions> = {}): Promise<SpoolProcess> {
  const backend = `127.0.0.1:${port}`;
  const one = await SpoolProcess.start({ instance, backend, directory: spool, delivery: 'at-most-once', ...options });
  processes.push(one);
  return one;
}

async function open(protocol: Protocol): Promise<Collector> {
  return (collector = await startCollector({ port, protocol, idDelayMs: 10 }));
}

/** How often each name arrived, with whose name on it. */
const arrived = (): string[] =>
  (collector?.segments() ?? []).map(
    ({ service, instance, spans }) => `${service}/${instance} ${spans[0]?.operationName}`,
  );

const namesOf = (instance: string, name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `orders/${instance} ${name}-${n}`).sort();

const countersOf = async (one: SpoolProcess) => {
  const { segments } = (await one.ask())!.status;
  assertAccounted(segments);
  return segments;
};

describe.each<[Protocol]>([['v2'], ['v3']])('the agent, whose backend (%s) is away', (protocol) => {
  it('has on the disk what it traced before it exited or was ended, and the next process delivers it', async () => {
    const first = await run('orders-1');
    first.make('exit', 0, 100);
    await until(
      () => countersOf(first),
      ({ spooled = 0 }) => spooled >= 96,
    );
    await first.exit();
    const second = await run('orders-2', { env: { MAX_BUFFER: '1000' } });
    second.make('ended', 0, 100);
    await until(
      () => countersOf(second),
      ({ buffered }) => buffered === 100,
    );
    await second.kill('SIGTERM');
    expect((await namesOnDisk(spool)).length).toBe(200);

    await open(protocol);
    await run('orders-3');
    await until(() => arrived().length >= 200);
    expect(arrived().sort()).toEqual(
      [...namesOf('orders-2', 'ended', 100), ...namesOf('orders-1', 'exit', 100)].sort(),
    );
  });

  it('delivers what it spooled when the backend comes, each segment once', async () => {
    const one = await run('orders-1');
    one.make('own', 0, 300);
    await until(
      () => countersOf(one),
      ({ spooled = 0 }) => spooled >= 296,
    );
    await open(protocol);
    await until(() => arrived().length >= 300);
    const { sent, spooled } = await until(
      () => countersOf(one),
      (counters) => counters.sent === 300,
    );
    expect([sent, spooled]).toEqual([300, 0]);
    expect(arrived().sort()).toEqual(namesOf('orders-1', 'own', 300));
    await until(async () => (await namesOnDisk(spool)).length === 0);
  });
});

it('a process that was frozen finds its spool taken, goes on with a new one, and nothing arrives twice', async () => {
  // Long enough that a busy process never seems to be frozen.
  const env = { LEASE_MS: '1000' };
  const frozen = await run('orders-1', { env });
  frozen.make('before', 0, 100);
  await until(async () => (await namesOnDisk(spool)).length >= 96);
  await frozen.kill('SIGSTOP');
  await open('v3');
  await run('orders-2', { env });
  // What is on its way when a connection breaks is given up: so all of it has to be acknowledged before.
  await until(async () => (await namesOnDisk(spool)).length === 0);
  expect(arrived().length).toBeGreaterThanOrEqual(96);
  await collector?.stop();
  await frozen.kill('SIGCONT');
  frozen.make('after', 0, 100);
  const { status } = (await until(
    () => frozen.ask(),
    (answer) => answer?.status.spool && answer.status.spool.takenOver >= 96 && answer.status.spool.segments > 0,
  ))!;
  expect(status.spool?.takenOver).toBeGreaterThanOrEqual(96);
  const early = arrived();
  await open('v3');
  await until(() => early.length + arrived().length >= 200);
  expect([...early, ...arrived()].sort()).toEqual(
    [...namesOf('orders-1', 'after', 100), ...namesOf('orders-1', 'before', 100)].sort(),
  );
});

it('without the option no file is written, and nothing is told of a spool', async () => {
  const one = await run('orders-1', { directory: '' });
  one.make('n', 0, 100);
  const { segments, spool: status } = (await one.ask())!.status;
  expect([status, segments.spooled, segments.dropped]).toEqual([undefined, undefined, 96]);
  await one.exit();
  expect(existsSync(spool)).toBe(false);
});

it('a backend that says RESOURCE_EXHAUSTED twice costs no segment', async () => {
  const { faults } = await open('v2');
  faults.add({ method: 'collect', times: 2, fault: { type: 'refuse', code: 'RESOURCE_EXHAUSTED' } });
  const one = await run('orders-1', { directory: '', env: { MAX_BUFFER: '1000' } });
  one.make('n', 0, 10);
  await until(
    () => countersOf(one),
    ({ sent }) => sent === 10,
  );
  expect((await countersOf(one)).dropped).toBe(0);
});

describe('skyanchor spool', () => {
  const directory = () => ['--directory', spool];

  async function deadProcess(): Promise<void> {
    const one = await run('orders-1');
    one.make('n', 0, 100);
    await until(
      () => countersOf(one),
      ({ spooled = 0 }) => spooled >= 96,
    );
    await one.exit();
  }

  it('ls shows what waits and whose it is, for people and for programs', async () => {
    await deadProcess();
    await run('orders-2');
    const table = await cli(['spool', 'ls', ...directory()]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^SERVICE +INSTANCE +HOST +PID +STATE +SEGMENTS/);
    expect(table.stdout).toMatch(/orders +orders-1 +\S+ +\d+ +dead +100 /);
    const json = await cli(['spool', 'ls', ...directory(), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { service: 'orders', instance: 'orders-1', state: 'dead', segments: 100 },
    ]);
  });

  it.each<[Protocol]>([['v2'], ['v3']])(
    'send delivers it to a backend (%s), under the names it was recorded with',
    async (protocol) => {
      await deadProcess();
      await open(protocol);
      const sent = await cli(['spool', 'send', ...directory(), '--backends', `127.0.0.1:${port}`]);
      expect([sent.code, sent.stdout]).toEqual([0, '100 segments sent\n']);
      await until(() => arrived().length >= 100);
      expect(arrived().sort()).toEqual(namesOf('orders-1', 'n', 100));
      expect((await cli(['spool', 'ls', ...directory()])).stdout).toBe('');
    },
  );

  it.each<[Protocol]>([['v2'], ['v3']])('send goes on where the backend (%s) ends the connection', async (protocol) => {
    await deadProcess();
    const { faults } = await open(protocol);
    faults.add({ method: 'collect', times: 1, fault: { type: 'goaway' } });
    const sent = await cli(['spool', 'send', ...directory(), '--backends', `127.0.0.1:${port}`]);
    expect([sent.code, sent.stdout]).toEqual([0, '100 segments sent\n']);
    await until(() => arrived().length >= 100);
    expect(arrived().sort()).toEqual(namesOf('orders-1', 'n', 100));
  });

  it('send says why nothing was sent where no backend is, and leaves all as it was', async () => {
    await deadProcess();
    const { code, stderr } = await cli(['spool', 'send', ...directory(), '--backends', `127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect((await namesOnDisk(spool)).length).toBe(100);
  });

  it('drop removes it, and leaves alone what belongs to a living process', async () => {
    await deadProcess();
    const living = await run('orders-2');
    living.make('n', 0, 100);
    await until(async () => (await namesOnDisk(spool)).length >= 196);
    const dropped = await cli(['spool', 'drop', ...directory(), '--service', 'orders']);
    expect([dropped.code, dropped.stdout]).toEqual([0, '100 segments dropped\n']);
    expect(dropped.stderr).toContain('orders-2');
    expect((await namesOnDisk(spool)).length).toBeGreaterThanOrEqual(96);
  });
});
