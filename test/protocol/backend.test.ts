import { status } from '@grpc/grpc-js';
import { ok } from '../../src/base/outcome';
import type { BackendApi } from '../../src/protocol/registration/backend-api';
import type { Backend } from '../../src/protocol/backend';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';

const instance = { serviceId: 3, instanceName: 'orders-1', time: 5, properties: [['language', 'nodejs']] as const };

describe('a backend', () => {
  let server: BackendServer;
  let backends: Backends;
  let port: number;
  const others: BackendServer[] = [];

  beforeEach(async () => {
    server = new BackendServer();
    backends = new Backends();
    port = await server.start();
  });

  afterEach(async () => {
    await backends.close();
    for (const each of [server, ...others.splice(0)]) each.kill();
  });

  async function connected(options: Parameters<Backends['to']>[1] = {}): Promise<Backend> {
    const backend = backends.to(port, options);
    expect(await backend.api.connect(never)).toEqual(ok({ address: `127.0.0.1:${port}`, number: 1, protocol: 'v2' }));
    return backend;
  }

  it('is asked and answers', async () => {
    const { api }: { api: BackendApi } = await connected();
    server.reply = ({ path }) => {
      if (path.endsWith('doServiceRegister')) return { services: [{ key: 'orders', value: 3 }] };
      if (path.endsWith('doServiceInstanceRegister')) return { serviceInstances: [{ key: 'orders-1', value: 7 }] };
      return { commands: [{ command: 'ServiceMetadataReset' }] };
    };
    expect(await api.v2.registerService('orders', never)).toEqual(ok(3));
    expect(await api.v2.registerInstance(instance, never)).toEqual(ok(7));
    expect(await api.v2.heartbeat({ instanceId: 7, instanceName: 'orders-1', time: 9 }, never)).toEqual(
      ok({ reset: true }),
    );
    expect(server.asked[2]!.request).toEqual({
      serviceInstanceId: 7,
      time: '9',
      serviceInstanceUUID: 'orders-1',
    });
  });

  it('keeps one connection as long as it holds', async () => {
    const backend = await connected();
    expect(await backend.api.connect(never)).toEqual(ok({ address: `127.0.0.1:${port}`, number: 1, protocol: 'v2' }));
    expect(backend.address).toBe(`127.0.0.1:${port}`);
  });

  it('sends the version, and the token when there is one, with every call', async () => {
    const plain = await connected();
    await plain.api.v2.registerService('orders', never);
    const withToken = backends.to(port, { authentication: 'secret-1' });
    await withToken.api.connect(never);
    await withToken.api.v2.registerService('orders', never);
    const [first, second] = server.asked;
    expect(first!.metadata.get('agent-version')).toEqual(['0.1.0']);
    expect(first!.metadata.get('authentication')).toEqual([]);
    expect(second!.metadata.get('agent-version')).toEqual(['0.1.0']);
    expect(second!.metadata.get('authentication')).toEqual(['secret-1']);
  });

  it('refuses a token that no header can carry, without telling it', async () => {
    const backend = backends.to(port, { authentication: 'sec\nret' });
    const outcome = await backend.api.connect(never);
    expect(outcome).toMatchObject({ status: 'failed', code: 'UNAUTHENTICATED' });
    expect(JSON.stringify(outcome)).not.toMatch(/sec.*ret/);
    expect(await backend.api.v2.registerService('orders', never)).toMatchObject({ status: 'retryable' });
  });

  it('says so when the service id is stale: UNKNOWN is an answer', async () => {
    const { api } = await connected();
    server.reply = () => ({ code: status.UNKNOWN, details: 'java.lang.NullPointerException\n\u001b[31mboo' });
    const outcome = await api.v2.registerInstance(instance, never);
    expect(outcome).toMatchObject({ status: 'failed', code: 'UNKNOWN' });
    expect(outcome).toHaveProperty(
      'reason',
      expect.stringMatching(/^UNKNOWN: java.lang.NullPointerException [^\n]*boo/),
    );
    expect(JSON.stringify(outcome)).not.toMatch(/\\u001b|\\n/);
    expect(await api.connect(never)).toMatchObject({ value: { number: 1, protocol: 'v2' } });
  });

  it.each([
    ['UNIMPLEMENTED', 'failed', 2],
    ['INTERNAL', 'failed', 1],
    ['CANCELLED', 'retryable', 1],
    ['PERMISSION_DENIED', 'failed', 2],
    ['UNAUTHENTICATED', 'failed', 2],
    ['UNAVAILABLE', 'retryable', 2],
    ['RESOURCE_EXHAUSTED', 'retryable', 2],
    ['DEADLINE_EXCEEDED', 'retryable', 2],
  ] as const)('answers %s: %s, and the connection afterwards is number %i', async (name, expected, number) => {
    const { api } = await connected();
    server.reply = () => ({ code: status[name] });
    const outcome = await api.v2.registerService('orders', never);
    expect(outcome).toMatchObject(expected === 'failed' ? { status: expected, code: name } : { status: expected });
    expect(await api.connect(never)).toMatchObject({ status: 'ok', value: { number } });
  });

  it('is given up for the next of the list when it turns us away', async () => {
    const other = new BackendServer();
    others.push(other);
    const otherPort = await other.start();
    const backend = backends.to([port, otherPort]);
    await backend.api.connect(never);
    expect(backend.address).toBe(`127.0.0.1:${port}`);
    server.reply = () => ({ code: status.PERMISSION_DENIED });
    await backend.api.v2.registerService('orders', never);
    expect(backend.address).toBe(undefined);
    expect(await backend.api.connect(never)).toEqual(
      ok({ address: `127.0.0.1:${otherPort}`, number: 2, protocol: 'v2' }),
    );
    await backend.api.v2.registerService('orders', never);
    expect(other.asked).toHaveLength(1);
  });

  it('is tried one address at a time, starting anywhere', async () => {
    const closed = new BackendServer();
    const closedPort = await closed.start();
    closed.kill();
    const clock = { ...clockOfSpeed(1), random: () => 0.99 };
    const backend = backends.to([port, closedPort], { clock });
    const first = await backend.api.connect(never);
    expect(first).toMatchObject({ status: 'retryable', reason: expect.stringContaining(`127.0.0.1:${closedPort}: `) });
    expect(await backend.api.connect(never)).toEqual(ok({ address: `127.0.0.1:${port}`, number: 1, protocol: 'v2' }));
  });

  it('that was restarted is a new connection, and the loss of the old one is told', async () => {
    const backend = await connected();
    const told: string[] = [];
    backend.onDisconnect((reason) => told.push(reason));
    backend.onDisconnect(() => {
      throw new Error('not our fault');
    });
    server.kill();
    await until(() => told.length);
    expect(backend.address).toBe(undefined);
    expect(await backend.api.v2.registerService('orders', never)).toMatchObject({ status: 'retryable' });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    await server.start(port);
    expect(await backend.api.connect(never)).toEqual(ok({ address: `127.0.0.1:${port}`, number: 2, protocol: 'v2' }));
    expect(told).toHaveLength(1);
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(undefined));
  });

  it('that dies in the middle of a call leaves it retryable', async () => {
    const backend = await connected();
    server.reply = () => 'hang';
    const outcome = backend.api.v2.registerService('orders', never);
    await until(() => server.asked.length);
    server.kill();
    expect(await outcome).toMatchObject({ status: 'retryable' });
  });

  it('has ten seconds for an answer, then its connection counts as lost', async () => {
    const clock = clockOfSpeed(1);
    const backend = await connected({ clock });
    clock.speed = 100;
    server.reply = () => 'hang';
    const before = performance.now();
    const outcome = await backend.api.v2.registerService('orders', never);
    expect(performance.now() - before).toBeGreaterThan(90);
    expect(outcome).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('no answer within 10000 ms'),
    });
    expect(backend.address).toBe(undefined);
    clock.speed = 1;
    expect(await backend.api.connect(never)).toMatchObject({ value: { number: 2 } });
  });

  it('hears at once that a call was given up', async () => {
    const backend = await connected();
    server.reply = () => 'hang';
    const controller = new AbortController();
    const outcome = backend.api.v2.registerService('orders', controller.signal);
    await until(() => server.asked.length);
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'retryable' });
    await until(() => server.cancelled);
    expect(await backend.api.v2.registerService('orders', controller.signal)).toMatchObject({
      status: 'retryable',
    });
    expect(server.asked).toHaveLength(1);
    // Nothing is wrong with the connection.
    expect(await backend.api.connect(never)).toMatchObject({ value: { number: 1, protocol: 'v2' } });
  });

  it('is not connected to when that was given up, and its turn is not over', async () => {
    const backend = backends.to([port, 1]);
    const controller = new AbortController();
    const connecting = backend.api.connect(controller.signal);
    controller.abort();
    expect(await connecting).toMatchObject({ status: 'retryable' });
    expect(backend.address).toBe(undefined);
    expect(await backend.api.connect(never)).toEqual(ok({ address: `127.0.0.1:${port}`, number: 1, protocol: 'v2' }));
  });

  it('closes for good, also twice, also before it was ever used', async () => {
    await backends.to(port).close();
    const backend = await connected();
    server.reply = () => 'hang';
    const call = backend.api.v2.registerService('orders', never);
    await Promise.all([backend.close(), backend.close()]);
    expect(await call).toMatchObject({ status: 'retryable' });
    expect(backend.address).toBe(undefined);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    expect(await backend.api.v2.registerService('orders', never)).toMatchObject({ status: 'retryable' });
  });

  it('closes while it connects', async () => {
    const backend = backends.to(port);
    const connecting = backend.api.connect(never);
    await backend.close();
    expect(await connecting).toMatchObject({ status: 'retryable' });
    expect(backend.address).toBe(undefined);
  });

  it('is reached by the name of a host', async () => {
    const backend = backends.to(0, { addresses: [{ host: 'localhost', port }] });
    expect(await backend.api.connect(never)).toEqual(ok({ address: `localhost:${port}`, number: 1, protocol: 'v2' }));
  });

  it('is reached over IPv6', async () => {
    const other = new BackendServer();
    others.push(other);
    let otherPort: number;
    try {
      otherPort = await other.start(0, '[::1]');
    } catch (error) {
      console.log(`not tested, this machine has no IPv6: ${String(error)}`);
      return;
    }
    const backend = backends.to(0, { addresses: [{ host: '::1', port: otherPort }] });
    expect(await backend.api.connect(never)).toEqual(ok({ address: `[::1]:${otherPort}`, number: 1, protocol: 'v2' }));
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(undefined));
  });

  it('that cannot exist is only an outcome', async () => {
    for (const addresses of [
      [{ host: 'no-such-host.invalid', port }],
      [{ host: 'a b/c', port }],
      [{ host: '127.0.0.1', port: 99_999_999 }],
      [],
    ]) {
      const backend = backends.to(0, { addresses });
      expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    }
  });
});
