import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RunningAgent } from '../../src/agent/running-agent';
import { startCollector, type Collector, type LogEntry } from '../../src/testing/index';
import { resolve } from '../config/sources';
import { Operator } from '../scenario/operator';
import { endApps, REGISTER, startApp, type App } from '../support/app';
import { statuses } from '../support/statuses';
import { until } from '../support/until';
import { clockOfSpeed } from '../support/wire/backends';

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');
const PATIENCE = { timeoutMs: 30_000 };

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let collector: Collector;
let operator: Operator;

beforeEach(async () => {
  collector = await startCollector({ protocol: 'v3' });
  operator = new Operator();
});

afterEach(async () => {
  await endApps();
  await collector.stop();
  operator.leave();
});

function start(env: Readonly<Record<string, string>> = {}, script = 'hello.js', args: readonly string[] = []): App {
  return startApp(path.join(APPS, script), {
    nodeFlags: ['--require', REGISTER],
    args: [...args, '--skyanchor-instance-name=orders-1', '--skyanchor-heartbeat-ms=200'],
    env: {
      SW_AGENT_NAME: 'orders',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
      SW_AGENT_COMMAND_FILE: operator.commandFile,
      ...env,
    },
  });
}

/** A command file that everybody may write to: the agent refuses it, and says so. */
function breakCommandFile(): void {
  writeFileSync(operator.commandFile, 'swordfish opens everything\n');
  chmodSync(operator.commandFile, 0o666);
}

const status = () => statuses(operator.commandFile)['orders-1'];
const refusal = () => collector.logs().filter(({ body }) => body.includes('is refused'));
const calls = () => collector.calls('LogReportService/collect').length;

const written = (app: App, text: RegExp) =>
  until(
    () => app.stderr,
    (said) => text.test(said),
    PATIENCE,
  );

const shown = (): Promise<readonly LogEntry[]> => until(refusal, ({ length }) => length > 0, PATIENCE);

const KNOWN = /^skyanchor (warn|info): backend: .*$/gm;
const announced = (app: App): string[] => (app.stderr.match(KNOWN) ?? []).filter((line) => !line.includes('ECONN'));

describe('what an agent says of its registration', () => {
  it.each([
    [
      'v2',
      /: registered: 127\.0\.0\.1:\d+, protocol v2, service orders \(id \d+\), instance orders-1 \(id \d+\), skyanchor \d/,
    ],
    ['v3', /: connected: 127\.0\.0\.1:\d+, protocol v3, service orders, instance orders-1, skyanchor \d/],
  ] as const)('is one warning once a failure that was logged is over, on %s', async (protocol, expected) => {
    await collector.become(protocol);
    let app: App | undefined;
    await collector.restart(async () => {
      app = start();
      await written(app, /warn: backend: .*ECONNREFUSED/);
    });
    await written(app!, expected);
    await until(() => collector.heartbeats().length > 2, Boolean, PATIENCE);
    expect(announced(app!)).toEqual([expect.stringMatching(/^skyanchor warn: /)]);
  });

  it('is one line at the level info where all is well, and nothing at the default level', async () => {
    const apps = [start({ SW_AGENT_LOGGING_LEVEL: 'info' }), start({ SW_AGENT_INSTANCE_NAME: 'orders-9' })];
    await written(apps[0]!, /: connected: 127/);
    await until(() => collector.instances().length > 1, Boolean, PATIENCE);
    await until(() => collector.heartbeats().length > 3, Boolean, PATIENCE);
    expect(announced(apps[0]!)).toEqual([expect.stringMatching(/^skyanchor info: /)]);
    expect(apps[1]!.stderr).toBe('');
  });
});

describe('what an agent warns of', () => {
  it('stands in the logs of its service as on its stderr, also what was said before there was a backend; never what the command file holds', async () => {
    breakCommandFile();
    let app: App | undefined;
    const began = Date.now();
    await collector.restart(async () => {
      app = start();
      await written(app, /is refused/);
    });
    const [line] = await shown();
    expect(line).toMatchObject({
      ...{ service: 'orders', instance: 'orders-1', layer: 'GENERAL', format: 'text', traceId: '' },
      tags: [
        { key: 'level', value: 'WARN' },
        { key: 'logger', value: 'skyanchor' },
      ],
    });
    expect(app!.stderr).toContain(`skyanchor warn: ${line!.body}\n`);
    expect(line!.body).toContain(operator.commandFile);
    expect(line!.time).toBeGreaterThanOrEqual(began);
    expect(line!.time).toBeLessThanOrEqual(Date.now());
    expect(JSON.stringify(collector.logs())).not.toContain('swordfish');
  });

  it('is told once', async () => {
    breakCommandFile();
    start();
    await shown();
    const beats = (): number => collector.heartbeats().length;
    const before = beats();
    await until(beats, (count) => count > before + 5, PATIENCE);
    expect([refusal().length, calls()]).toEqual([1, 1]);
  });

  it('is not told to a v2 backend, and to the v3 that comes in its place', async () => {
    await collector.become('v2');
    breakCommandFile();
    const app = start();
    await written(app, /is refused/);
    await until(status, (now) => now?.registration.phase === 'registered', PATIENCE);
    const asked = (): number => collector.calls().filter((call) => call.path.includes('LogReport')).length;
    const beats = (): number => collector.heartbeats().length;
    await until(beats, (count) => count > 5, PATIENCE);
    expect(asked()).toBe(0);
    await collector.become('v3');
    expect(await shown()).toHaveLength(1);
  });

  it('is not told where that is switched off', async () => {
    breakCommandFile();
    const app = start({ SW_AGENT_LOG_REPORTER_ACTIVE: 'false' });
    await written(app, /is refused/);
    await until(
      () => collector.heartbeats().length,
      (count) => count > 5,
      PATIENCE,
    );
    expect(calls()).toBe(0);
  });

  it('holds no process up, not even while the backend leaves it without an answer', async () => {
    collector.faults.add({ method: 'LogReportService/collect', fault: { type: 'hang' } });
    breakCommandFile();
    const app = start({}, 'leaves.js', ['naturally']);
    await until(calls, (count) => count > 0, PATIENCE);
    await app.visit('/leave');
    const began = performance.now();
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('an agent whose log goes to the backend', () => {
  let said: string[];
  let agent: RunningAgent;

  /** @param speed of its timers: what it sends every 20 s it sends every second */
  function begin(speed = 20): void {
    said = [];
    const say = (line: string): void => void said.push(line);
    const logger = { error: say, warn: say, info: () => undefined, debug: () => undefined };
    agent = new RunningAgent(
      resolve({ options: { serviceName: 'orders', instanceName: 'orders-1', backends: collector.address, logger } }),
      { clock: clockOfSpeed(speed) },
    );
  }

  afterEach(() => agent.stop());

  it('tells what comes later within 20 s', async () => {
    begin();
    await agent.ready(20 * 20_000);
    agent.warn('the first');
    agent.warn('the second');
    // With its timers twenty times as fast, a busy machine may lose the connection: that is told as well.
    const told = () => collector.logs().flatMap(({ body }) => (body.startsWith('backend: ') ? [] : [body]));
    expect(await until(told, ({ length }) => length > 0, PATIENCE)).toEqual(['the first', 'the second']);
  });

  it('says nothing about logs that the backend does not take, and keeps them', async () => {
    collector.faults.add({
      method: 'LogReportService/collect',
      fault: { type: 'refuse', code: 'UNAVAILABLE' },
      times: 3,
    });
    begin();
    agent.warn('the only one');
    const logs = await until(
      () => collector.logs(),
      ({ length }) => length > 0,
      PATIENCE,
    );
    expect(logs.map(({ body }) => body)).toEqual(['the only one']);
    expect(calls()).toBe(4);
    expect(said).toEqual(['the only one']);
  });

  it('stops at once while a backend leaves its lines without an answer', async () => {
    collector.faults.add({ method: 'LogReportService/collect', fault: { type: 'hang' } });
    begin(1);
    agent.warn('the only one');
    await until(calls, (count) => count > 0, PATIENCE);
    const began = performance.now();
    await agent.stop();
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
