import { get } from 'node:http';
import path from 'node:path';
import { RunningAgent } from '../../src/agent/running-agent';
import { resolve } from '../config/sources';
import type { App } from '../support/app';
import { Site } from '../support/agent-fleet';
import { firstOfEach } from '../support/first-of-each';
import { until } from '../support/until';
import { clockOfSpeed } from '../support/wire/backends';

const HELLO = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'hello.js');

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let site: Site;

beforeEach(async () => {
  site = await Site.open({ protocol: 'v3' });
});

afterEach(() => site.close());

const start = (env: Readonly<Record<string, string>> = {}): App =>
  site.start(HELLO, { args: ['--skyanchor-instance-name=orders-1', '--skyanchor-heartbeat-ms=200'], env });

const status = () => site.statuses()['orders-1'];

const inPhase = (phase: string) => until(status, (now) => now?.registration.phase === phase, { timeoutMs: 30_000 });

/** What the backend shows of the instance. */
const properties = (): Record<string, string> =>
  Object.fromEntries(
    site.collector
      .instances()
      .flatMap((instance) => instance.properties)
      .map(({ key, value }) => [key, value]),
  );

const known = () => until(properties, (found) => found.language === 'nodejs', { timeoutMs: 30_000 });

function visit(app: App, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return app.port().then(
    (port) =>
      new Promise((done, fail) => {
        get({ host: '127.0.0.1', port, path: '/orders/7', agent: false, headers }, (response) => {
          response.resume().on('end', () => done(response.statusCode ?? 0));
        }).on('error', fail);
      }),
  );
}

describe('at a backend of 8 and later', () => {
  it('is known by its name with all that is to be shown of it, and traced', async () => {
    const app = start();
    const { registration, protocol } = (await inPhase('connected'))!;
    expect(protocol).toBe('v3');
    expect(registration).toMatchObject({ epoch: 1, serviceId: null, instanceId: null, reason: 'start' });
    expect(registration.knownAs).toEqual({ service: 'orders', instance: 'orders-1' });
    expect(site.collector.services().map(({ name }) => name)).toEqual(['orders']);
    expect(properties()).toMatchObject({ language: 'nodejs', 'Process No.': String(app.pid) });
    expect(properties()).toEqual(
      expect.objectContaining({ 'OS Name': expect.any(String), hostname: expect.any(String) }),
    );

    expect(await visit(app)).toBe(200);
    const [segment] = await until(
      () => site.collector.segments(),
      ({ length }) => length > 0,
    );
    expect(segment).toMatchObject({ service: 'orders', instance: 'orders-1' });
    expect(segment!.spans[0]).toMatchObject({
      type: 'Entry',
      operationName: 'GET:/orders/{id}',
      component: 'HttpServer',
    });
    expect(segment!.spans[0]!.tags).toEqual(
      expect.arrayContaining([
        { key: 'http.method', value: 'GET' },
        { key: 'http.status_code', value: '200' },
      ]),
    );
    expect(site.collector.droppedSegments()).toEqual([]);
  });

  it('tells all of itself again after the storage is lost, without a word', async () => {
    start();
    await inPhase('connected');
    await site.collector.wipe();
    expect(await known()).toMatchObject({ language: 'nodejs' });
    expect(site.collector.services().map(({ name }) => name)).toEqual(['orders']);
  });

  it('is reset by the file: all is told anew, and the stamp says so in names', async () => {
    start();
    await inPhase('connected');
    const before = site.collector.calls().filter(({ method }) => method === 'reportInstanceProperties').length;
    await site.operator.echo('reset');
    const stamps = await until(
      () => site.operator.stamps(),
      (found) => found.some(({ state }) => state === 'done'),
    );
    expect(stamps.map(({ state }) => state)).toEqual(['running', 'done']);
    expect(stamps[0]!.detail).toMatch(/service=orders instance=orders-1$/);
    expect(stamps[1]!.detail).toMatch(/^service=orders->orders instance=orders-1->orders-1 took=\d+ms$/);
    expect(site.collector.calls().filter(({ method }) => method === 'reportInstanceProperties').length).toBeGreaterThan(
      before,
    );
    const { registration } = (await until(status, (now) => now?.registration.epoch === 2))!;
    expect(registration).toMatchObject({ phase: 'connected', reason: `command ${stamps[1]!.id}` });
  });

  it('takes over what the backend configures, refuses what is none, and goes back when nothing is', async () => {
    const app = start();
    await inPhase('connected');
    const settled = (from: string) =>
      until(status, (now) => now?.settings.sampleRate.from === from, { timeoutMs: 40_000 });
    site.collector.configure('orders', {
      'agent.sample_rate': '0',
      'agent.ignore_suffix': '.xyz',
      'agent.trace.ignore_path': '/health/*',
      'agent.span_limit_per_segment': 'many',
    });
    // Configurations are asked for every 20 s, and at once after a reset.
    await site.operator.echo('reset');
    expect((await settled('backend'))!.settings).toEqual({
      sampleRate: { value: 0, from: 'backend' },
      tracesPer3Seconds: { value: 0, from: 'configuration' },
      ignoreSuffix: { value: ['.xyz'], from: 'backend' },
      ignorePath: { value: ['/health/*'], from: 'backend' },
      spanLimit: {
        value: 300,
        from: 'configuration',
        refused: 'agent.span_limit_per_segment = many: expected an integer from 1 to 10000',
      },
    });
    expect(app.stderr).toMatch(/agent\.span_limit_per_segment = many: expected an integer from 1 to 10000/);
    await visit(app);
    await site.operator.append('report id=r1');
    await until(
      () => site.operator.stamps(),
      (found) => found.some(({ state, id }) => state === 'done' && id === 'r1'),
    );
    expect(status()!.segments.accepted).toBe(0);

    site.collector.configure('orders', undefined);
    await site.operator.echo('reset id=again');
    await settled('configuration');
    await visit(app);
    await until(
      () => site.collector.segments(),
      ({ length }) => length === 1,
    );
  });
});

describe('an upgrade behind one address', () => {
  it('from 6 to 8, on to 10 and back needs no restart, and loses nothing that was traced meanwhile', async () => {
    await site.collector.become('v2');
    const app = start();
    await inPhase('registered');
    let expected = 0;
    for (const [protocol, phase] of [
      ['v3-unpackaged', 'connected'],
      ['v3', 'connected'],
      ['v2', 'registered'],
    ] as const) {
      const { epoch } = status()!.registration;
      await site.collector.become(protocol, async () => {
        // What is queued for one protocol goes out right to the other.
        for (let request = 0; request < 5; request++) expect(await visit(app)).toBe(200);
      });
      await until(
        status,
        (now) => now?.registration.phase === phase && (now.registration.epoch > epoch || phase === 'connected'),
        { timeoutMs: 30_000 },
      );
      for (let request = 0; request < 5; request++) expect(await visit(app)).toBe(200);
      expected += 10;
      await until(
        () => firstOfEach(site.collector.segments()),
        ({ length }) => length === expected,
        { timeoutMs: 30_000 },
      );
    }
    const names = new Set(site.collector.segments().map(({ spans }) => spans[0]!.operationName));
    expect([...names].sort()).toEqual(['/orders/{id}', 'GET:/orders/{id}']);
    expect(site.collector.droppedSegments()).toEqual([]);
  });

  it('leaves a backend alone that lacks what later ones have', async () => {
    await site.collector.become('v3-unpackaged');
    start();
    await inPhase('connected');
    const connects = () =>
      site.collector.calls().filter(({ path: called }) => called.endsWith('/Register/doServiceRegister')).length;
    const beats = () => site.collector.calls().filter(({ method }) => method === 'keepAlive').length;
    const [before, at] = [connects(), beats()];
    await until(beats, (count) => count > at + 5);
    // Each connection is asked what it speaks.
    expect(connects()).toBe(before);
  });
});

it('a port that receives no agents is named, and tried again', async () => {
  site.collector.faults.add({ method: 'keepAlive', fault: { type: 'refuse', code: 'UNIMPLEMENTED' } });
  start({ SW_AGENT_PROTOCOL: 'v3' });
  const { registration, heartbeat } = (await until(status, (now) => (now?.heartbeat.failures ?? 0) > 0))!;
  expect(registration.phase).toBe('connecting');
  expect(heartbeat.lastError).toMatch(/nothing on this port receives agents of protocol v3/);
  site.collector.faults.clear();
  await inPhase('connected');
});

it('the process tells how it is every 20 s', async () => {
  const agent = new RunningAgent(
    resolve({
      options: { serviceName: 'orders', instanceName: 'orders-1', backends: site.collector.address, logLevel: 'off' },
    }),
    { clock: clockOfSpeed(20) },
  );
  // By the clock of the agent: 20 s.
  await agent.ready(20 * 20_000);
  const meters = await until(
    () => site.collector.meters(),
    ({ length }) => length > 0,
  );
  expect(meters[0]).toMatchObject({ service: 'orders', instance: 'orders-1' });
  const rss = meters.find(({ name }) => name === 'instance_nodejs_rss');
  expect(rss!.value).toBeGreaterThan(20e6);
  await agent.stop();
});
