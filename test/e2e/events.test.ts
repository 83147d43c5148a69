import { connect } from 'node:net';
import path from 'node:path';
import { startCollector, type Collector, type EventRecord, type Protocol } from '../../src/testing/index';
import { endApps, REGISTER, startApp, type App, type AppOptions } from '../support/app';
import { until } from '../support/until';

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');
const PATIENCE = { timeoutMs: 30_000 };

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let collector: Collector;

afterEach(async () => {
  await endApps();
  await collector.stop();
});

interface Run {
  readonly script?: string;
  readonly args?: readonly string[];
  readonly protocol?: Protocol;
  readonly env?: Readonly<Record<string, string>>;
}

async function start({ script = 'hello.js', args = [], protocol = 'v3', env = {} }: Run = {}): Promise<App> {
  collector = await startCollector({ protocol });
  return startApp(path.join(APPS, script), {
    nodeFlags: ['--require', REGISTER],
    args: [...args, '--skyanchor-instance-name=orders-1', '--skyanchor-heartbeat-ms=200'],
    env: { SW_AGENT_NAME: 'orders', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, ...env },
  });
}

const named = (name: string) => collector.events().filter((event) => event.name === name);
const happened = (name: string): Promise<EventRecord[]> =>
  until(
    () => named(name),
    ({ length }) => length > 0,
    PATIENCE,
  );
const listening = () =>
  until(
    () => collector.instances(),
    ({ length }) => length > 0,
    PATIENCE,
  );

/** The agent knows that its start was taken: it has asked something else since, and was answered in order. */
async function startTaken(): Promise<EventRecord> {
  const [event] = await happened('Start');
  await until(
    () => collector.calls('EventService/collect'),
    ([call]) => call?.status === 'OK',
    PATIENCE,
  );
  const { length: before } = collector.heartbeats();
  await until(
    () => collector.heartbeats(),
    ({ length }) => length > before + 2,
    PATIENCE,
  );
  return event!;
}

async function traced(app: App): Promise<void> {
  await app.visit('/');
  await until(() => collector.segments()[0], Boolean, PATIENCE);
}

describe('what a backend hears of the life of a process', () => {
  it('is its start, with who and when, and its end by a signal after it has traced', async () => {
    const began = Date.now();
    const app = await start();
    const event = await startTaken();
    expect(event).toMatchObject({
      ...{ service: 'orders', instance: 'orders-1', endpoint: '', layer: 'GENERAL', type: 'Normal' },
      message: expect.stringMatching(/^skyanchor \d\S+ on Node\.js v\d\S+, pid \d+$/),
      parameters: [{ key: 'pid', value: String(app.pid) }],
    });
    const { startTime, endTime, uuid } = event;
    expect([began <= startTime, startTime < endTime, endTime <= Date.now()]).toEqual([true, true, true]);

    await traced(app);
    const asked = Date.now();
    expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    const [end, ...others] = await happened('Shutdown');
    expect(end).toMatchObject({ service: 'orders', instance: 'orders-1', type: 'Normal', message: 'SIGTERM' });
    expect([end!.startTime >= asked, end!.uuid === uuid, others]).toEqual([true, false, []]);
    expect(named('Start')).toHaveLength(1);
  });

  it('is the stop of the agent, in a process that goes on', async () => {
    const app = await start({ script: 'stops.js' });
    await startTaken();
    expect(await app.visit('/stop')).toBe(200);
    expect(named('Shutdown')).toMatchObject([{ type: 'Normal', message: 'agent.stop()' }]);
    expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect(named('Shutdown')).toHaveLength(1);
  });

  it.each([
    ['process.exit', { code: 3, signal: null }, { type: 'Error', message: 'exit code 3' }],
    ['naturally', { code: 0, signal: null }, { type: 'Normal', message: 'exit code 0' }],
    ['SIGTERM', { code: null, signal: 'SIGTERM' }, { type: 'Normal', message: 'SIGTERM' }],
  ])('is the end by %s, with the segments of before', async (way, end, expected) => {
    const app = await start({ script: 'ends.js', args: [way, '1500'] });
    expect(await app.ended).toEqual(end);
    const [event, ...others] = await happened('Shutdown');
    expect([event, others]).toEqual([expect.objectContaining(expected), []]);
    expect(collector.segments().length + collector.droppedSegments().length).toBeGreaterThan(0);
  });

  it('is a crash with the exception, and no end besides', async () => {
    const app = await start({ script: 'crashes.js' });
    await startTaken();
    await app.visit('/later').catch(() => undefined);
    expect(await app.ended).toEqual({ code: 1, signal: null });
    const [event] = await happened('Crash');
    expect(event).toMatchObject({ type: 'Error', message: 'Broken: in a timer', instance: 'orders-1' });
    expect(named('Shutdown')).toEqual([]);
  });

  it.each<[string, Run]>([
    ['switched off', { env: { SW_AGENT_EVENT_REPORTER_ACTIVE: 'false' } }],
    ['at a backend of 6 or 7', { protocol: 'v2' }],
  ])('is nothing where it is %s', async (_why, run) => {
    const app = await start(run);
    await app.port();
    await listening();
    expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect([collector.events(), collector.calls('EventService/collect')]).toEqual([[], []]);
  });

  it('is asked for once by a connection to a backend without such a service, and holds up nothing', async () => {
    const app = await start({ protocol: 'v3-unpackaged' });
    await until(
      () => collector.heartbeats(),
      ({ length }) => length > 5,
      PATIENCE,
    );
    expect(collector.calls('EventService/collect').map(({ status }) => status)).toEqual(['UNIMPLEMENTED']);
    expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect([collector.calls('EventService/collect').length, app.stderr]).toEqual([1, '']);
  });

  it('does not hold up a process where the backend does not answer, and is bounded by the time of the last flush', async () => {
    const app = await start();
    await startTaken();
    await traced(app);
    collector.faults.add({ method: 'EventService/collect', fault: { type: 'hang' } });
    const asked = performance.now();
    expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    expect(performance.now() - asked).toBeLessThan(3_000);
  });
});

describe('a process that has traced nothing', () => {
  /** How it ends, what it listens to, and how long its end takes. */
  async function run(way: string, cause: 'connection' | 'SIGTERM', options: AppOptions, ready: () => Promise<unknown>) {
    const app = startApp(path.join(APPS, 'idles.js'), { args: [way], ...options });
    const port = await app.port();
    await ready();
    if (cause === 'SIGTERM') await app.kill('SIGTERM');
    else connect(port, '127.0.0.1').on('error', () => undefined);
    const end = await app.ended;
    const [, leaving, exit] = /^leaving (\d+)\nexit (\d+)$/m.exec(app.stdout) ?? [];
    const isAtOnce = exit === undefined || Number(exit) - Number(leaving) < 100;
    return { ...end, isAtOnce, listeners: /^listeners .*$/m.exec(app.stdout)?.[0] };
  }

  /** What held it up in every one of three runs, no busy machine did. */
  async function atOnce(attempt: () => ReturnType<typeof run>) {
    let end = await attempt();
    for (let again = 0; again < 2 && !end.isAtOnce; again++) end = await attempt();
    return end;
  }

  it.each([
    ['naturally', 'connection'],
    ['exit', 'connection'],
    ['throws', 'connection'],
    ['naturally', 'SIGTERM'],
  ] as const)('ends by %s, %s, as without an agent, also where events are not answered', async (way, cause) => {
    const bare = await atOnce(() => run(way, cause, {}, () => Promise.resolve()));
    expect(bare.isAtOnce).toBe(true);
    collector = await startCollector({ protocol: 'v3' });
    collector.faults.add({ method: 'EventService/collect', fault: { type: 'hang' } });
    const env = { SW_AGENT_NAME: 'orders', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address };
    const nodeFlags = ['--require', REGISTER];
    const asked = (): number => collector.calls('EventService/collect').length;
    const traced = await atOnce(() => {
      const before = asked();
      return run(way, cause, { env, nodeFlags }, () => until(asked, (count) => count > before, PATIENCE));
    });
    expect(traced).toEqual(bare);
  });

  it('has its crash told, too', async () => {
    collector = await startCollector({ protocol: 'v3' });
    const env = { SW_AGENT_NAME: 'orders', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address };
    const end = await run('throws', 'connection', { env, nodeFlags: ['--require', REGISTER] }, () => happened('Start'));
    expect(end).toMatchObject({ code: 1, signal: null });
    expect(await happened('Crash')).toMatchObject([{ type: 'Error', message: 'Error: thrown by the application' }]);
    expect(named('Shutdown')).toEqual([]);
  });
});
