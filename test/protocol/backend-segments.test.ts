import { status } from '@grpc/grpc-js';
import { systemClock, type Timer } from '../../src/base/clock';
import { ok } from '../../src/base/outcome';
import type { Backend } from '../../src/protocol/backend';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import type { V3Names } from '../../src/model/names';
import { someNames } from '../support/wire/names';
import { opened } from '../support/wire/opened';
import { entryAndExit, failedWithRef } from '../support/wire/segments';

const knowsUs = { services: [{ key: 'orders', value: 3 }] };

describe('the segments to a backend', () => {
  let server: BackendServer;
  let backends: Backends;
  let port: number;

  beforeEach(async () => {
    server = new BackendServer(() => knowsUs);
    backends = new Backends();
    port = await server.start();
  });

  afterEach(async () => {
    await backends.close();
    server.kill();
  });

  async function connected(options: Parameters<Backends['to']>[1] = {}): Promise<Backend> {
    const backend = backends.to(port, options);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    return backend;
  }

  it('arrive, with the ids of now, and with version and token', async () => {
    const backend = await connected({ authentication: 'secret-1' });
    const stream = await opened(backend.segments);
    expect(await stream.write([entryAndExit(), failedWithRef()])).toBe(true);
    expect(await stream.write([entryAndExit()])).toBe(true);
    expect(await stream.end()).toEqual(ok(undefined));
    expect(server.segments()).toMatchObject([
      { serviceId: 3, serviceInstanceId: 7, spans: [{ operationName: '/stock' }, { operationName: '/orders/17' }] },
      { spans: [{ operationName: '/库存/{sku}' }] },
      { spans: [{}, {}] },
    ]);
    const { metadata } = server.asked.at(-1)!;
    expect(metadata.get('agent-version')).toEqual(['0.1.0']);
    expect(metadata.get('authentication')).toEqual(['secret-1']);
  });

  it('arrive on a stream that is open while its connection is replaced', async () => {
    const backend = await connected({ maxConnectionAgeMs: 50 });
    const stream = await opened(backend.segments);
    expect(await stream.write([entryAndExit()])).toBe(true);
    await until(async () => {
      const link = await backend.api.connect(never);
      return link.status === 'ok' && link.value.number > 1;
    });
    expect(await stream.end()).toEqual(ok(undefined));
    expect(server.segments()).toHaveLength(1);
  });

  it('arrive whole and in order also when there are thousands', async () => {
    const backend = await connected();
    const segments = Array.from({ length: 3_000 }, (_, i) => {
      const segment = entryAndExit();
      segment.spans[0]!.operationName = `/stock/${i}`;
      return segment;
    });
    const stream = await opened(backend.segments);
    expect(await stream.write(segments)).toBe(true);
    expect(await stream.end()).toEqual(ok(undefined));
    const names = server.segments().map(({ spans }) => (spans as { operationName: string }[])[0]!.operationName);
    expect(names).toEqual(segments.map(({ spans }) => spans[0]!.operationName));
  });

  it('are not sent while there is no connection, or no registration with this backend', async () => {
    const backend = backends.to(port);
    expect(await backend.segments.open(someNames(), never)).toMatchObject({
      status: 'retryable',
      reason: 'not connected',
    });
    await backend.api.connect(never);
    const names: V3Names = {
      protocol: 'v3',
      epoch: 2,
      service: 'orders',
      instance: 'orders-1',
      endpoint: (name) => name,
    };
    expect(await backend.segments.open(names, never)).toMatchObject({ status: 'retryable', reason: 'not registered' });
    expect(server.asked).toEqual([]);
  });

  it('are sent only after the backend has confirmed our service id, once on each connection and for each epoch', async () => {
    const backend = await connected();
    const checks = (): number => server.asked.filter(({ path }) => path === '/Register/doServiceRegister').length;
    for (let i = 0; i < 3; i++) await (await opened(backend.segments)).end();
    expect(checks()).toBe(1);
    expect(server.asked[0]!.request).toMatchObject({ services: [{ serviceName: 'orders' }] });
    const names = someNames({ epoch: 2 });
    await (await opened(backend.segments, never, names)).end();
    expect(checks()).toBe(2);
    server.kill();
    await until(() => backend.address === undefined);
    await server.start(port);
    await backend.api.connect(never);
    await (await opened(backend.segments, never, names)).end();
    expect(checks()).toBe(3);
  });

  it('are not sent to a backend that gave our ids to another instance', async () => {
    server.reply = () => ({ services: [{ key: 'orders', value: 4 }] });
    const { segments } = await connected();
    expect(await segments.open(someNames(), never)).toMatchObject({ status: 'failed', code: 'FOREIGN_IDS' });
    expect(backends.doubts).toEqual([expect.stringMatching(/127\.0\.0\.1.*orders.*3.*knows it as 4/)]);
    expect(server.streams).toEqual([]);
  });

  it('are not sent to a backend that does not know our service', async () => {
    server.reply = () => ({});
    const { segments } = await connected();
    expect(await segments.open(someNames(), never)).toMatchObject({ status: 'retryable' });
    expect(backends.doubts).toHaveLength(1);
    expect(server.streams).toEqual([]);
  });

  it('are not doubted by an answer to an earlier registration', async () => {
    const { segments } = await connected();
    server.reply = () => {
      backends.names = someNames({ epoch: 2, serviceId: 4 });
      return { services: [{ key: 'orders', value: 5 }] };
    };
    await segments.open(someNames(), never);
    expect(backends.doubts).toEqual([]);
    server.reply = () => ({ services: [{ key: 'orders', value: 4 }] });
    expect(await segments.open(someNames({ epoch: 2, serviceId: 4 }), never)).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['UNKNOWN', 'failed'],
    ['PERMISSION_DENIED', 'failed'],
    ['UNAVAILABLE', 'retryable'],
  ] as const)('wait when the backend answers the check with %s', async (name, expected) => {
    server.reply = () => ({ code: status[name] });
    const { segments } = await connected();
    expect(await segments.open(someNames(), never)).toMatchObject({ status: expected });
    expect(backends.doubts).toEqual([]);
    expect(server.streams).toEqual([]);
  });

  it('wait when the backend answers the check with garbage', async () => {
    server.reply = () => ({ raw: Buffer.from('0aff', 'hex') });
    const { segments } = await connected();
    expect(await segments.open(someNames(), never)).toMatchObject({ status: 'failed', code: 'INTERNAL' });
    expect(backends.doubts).toEqual([]);
  });

  it.each(['UNKNOWN', 'UNIMPLEMENTED', 'UNAVAILABLE', 'PERMISSION_DENIED', 'CANCELLED', 'INTERNAL'] as const)(
    'are lost or refused, never sent twice, when their stream ends with %s',
    async (name) => {
      server.streamReply = () => ({ code: status[name], details: 'sorry' });
      const stream = await opened((await connected()).segments);
      await stream.write([entryAndExit()]);
      expect(await stream.end()).toEqual({ status: 'failed', code: name, reason: `${name}: sorry` });
    },
  );

  it('are not lost where none was written', async () => {
    server.streamReply = () => ({ code: status.UNAVAILABLE });
    const stream = await opened((await connected()).segments);
    expect(await stream.end()).toMatchObject({ status: 'retryable' });
  });

  it('have ten seconds to be acknowledged', async () => {
    server.streamReply = () => 'hang';
    const clock = clockOfSpeed(1);
    const backend = await connected({ clock });
    clock.speed = 100;
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    expect(await stream.end()).toMatchObject({ status: 'failed', code: 'DEADLINE_EXCEEDED' });
    expect(backend.address).toBe(undefined);
  });

  it('leave no timer behind', async () => {
    const running = new Set<object>();
    const after = (ms: number, fn: () => void): Timer => {
      const timer = systemClock.after(ms, () => {
        running.delete(timer);
        fn();
      });
      running.add(timer);
      return {
        cancel: () => {
          running.delete(timer);
          timer.cancel();
        },
      };
    };
    const backend = await connected({ clock: { ...systemClock, after } });
    const before = running.size;
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    expect(await stream.end()).toEqual(ok(undefined));
    expect(running.size).toBe(before);
  });

  it('are given up with the signal', async () => {
    server.streamReply = () => 'hang';
    const controller = new AbortController();
    const backend = await connected();
    const stream = await opened(backend.segments, controller.signal);
    await stream.write([entryAndExit()]);
    const fate = stream.end();
    await until(() => server.streams[0]?.length);
    controller.abort();
    expect(await fate).toMatchObject({ status: 'failed', code: 'CANCELLED' });
    expect(await stream.write([entryAndExit()])).toBe(false);
    await until(() => server.cancelled);
    expect(backend.address).toBeDefined();
    expect(await backend.segments.open(someNames(), controller.signal)).toMatchObject({ status: 'retryable' });
  });

  it('are of unknown fate when the backend dies under them', async () => {
    server.streamReply = () => 'hang';
    const stream = await opened((await connected()).segments);
    await stream.write([entryAndExit()]);
    await until(() => server.streams[0]?.length);
    const fate = stream.end();
    server.kill();
    expect(await fate).toMatchObject({ status: 'failed', code: 'UNAVAILABLE', isUnanswered: true });
    expect(await stream.write([entryAndExit()])).toBe(false);
  });

  it('end with the agent', async () => {
    server.streamReply = () => 'hang';
    const backend = await connected();
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    const fate = stream.end();
    await backend.close();
    expect(await fate).toMatchObject({ status: 'failed', code: 'UNAVAILABLE' });
  });
});
