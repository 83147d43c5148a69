import path from 'node:path';
import { endApps, REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { minuteOf, type Oap, startOap } from './oap';

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');
const PATIENCE = { timeoutMs: 45_000, everyMs: 200 };

interface Event {
  readonly uuid: string;
  readonly source: { readonly service: string; readonly serviceInstance: string };
  readonly name: string;
  readonly type: 'Normal' | 'Error';
  readonly message: string;
  readonly parameters: readonly { readonly key: string; readonly value: string }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly layer: string;
}

const QUESTION = `query ($c: EventQueryCondition) {
  found: queryEvents(condition: $c) {
    events { uuid source { service serviceInstance } name type message parameters { key value } startTime endTime layer }
  }
}`;

describe('a genuine OAP 10.1.0', () => {
  let oap: Oap;

  beforeAll(async () => {
    oap = await startOap({ version: '10.1.0' });
  });

  afterEach(() => endApps());

  afterAll(() => oap.stop());

  async function events(service: string, name: string): Promise<readonly Event[]> {
    const now = Date.now();
    const time = { start: minuteOf(now - 600_000), end: minuteOf(now + 60_000), step: 'MINUTE' };
    const condition = { source: { service }, name, time, paging: { pageNum: 1, pageSize: 100 } };
    return ((await oap.query(QUESTION, { c: condition })) as { found: { events: readonly Event[] } }).found.events;
  }

  const shown = (service: string, name: string) =>
    until(
      () => events(service, name),
      ({ length }) => length > 0,
      PATIENCE,
    );

  function run(script: string, service: string, args: readonly string[] = []): App {
    return startApp(path.join(APPS, script), {
      nodeFlags: ['--require', REGISTER],
      args: [...args, '--skyanchor-instance-name=orders-1'],
      env: { SW_AGENT_NAME: service, SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc },
    });
  }

  it.each([
    ['ended', 'hello.js', [], 'SIGTERM', { name: 'Shutdown', type: 'Normal', message: 'SIGTERM' }],
    [
      'exited',
      'ends.js',
      ['process.exit', '3000'],
      undefined,
      { name: 'Shutdown', type: 'Error', message: 'exit code 3' },
    ],
    ['crashed', 'crashes.js', [], '/later', { name: 'Crash', type: 'Error', message: 'Broken: in a timer' }],
  ] as const)('shows that a process has started, and that it %s', async (service, script, args, cause, expected) => {
    const began = Date.now();
    const app = run(script, service, args);
    const [start, ...others] = await shown(service, 'Start');
    expect(start).toMatchObject({
      ...{ source: { service, serviceInstance: 'orders-1' }, type: 'Normal', layer: 'GENERAL' },
      message: `skyanchor 0.1.0 on Node.js ${process.version}, pid ${app.pid}`,
      parameters: [{ key: 'pid', value: String(app.pid) }],
    });
    expect([others, start!.startTime >= began, start!.endTime >= start!.startTime]).toEqual([[], true, true]);

    if (cause === 'SIGTERM') {
      // From its first trace on the agent sees that a signal ends the process.
      await app.visit('/');
      await until(
        () => oap.traces({ service }),
        ({ length }) => length > 0,
        PATIENCE,
      );
      await app.kill(cause);
    } else if (cause) await app.visit(cause).catch(() => undefined);
    await app.ended;
    const [end] = await shown(service, expected.name);
    expect(end).toMatchObject({ ...expected, source: { service, serviceInstance: 'orders-1' }, layer: 'GENERAL' });
    expect(end!.endTime).toBeLessThanOrEqual(Date.now());
    expect(await events(service, 'Start')).toHaveLength(1);
  });
});
