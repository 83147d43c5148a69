import { Log } from '../../../src/base/log';
import { failed, retryable } from '../../../src/base/outcome';
import type { Configuration } from '../../../src/model/registration';
import { Registrar } from '../../../src/protocol/registration/registrar';
import { FakeClock } from '../../support/fake-clock';
import { FakeBackend } from './fake-backend';

let clock: FakeClock;
let backend: FakeBackend;
let registrar: Registrar;
let configurations: Configuration[];

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };

function make(options: Partial<ConstructorParameters<typeof Registrar>[0]> = {}): Registrar {
  const made = new Registrar({
    api: backend,
    clock,
    log: new Log(clock, quiet),
    serviceName: 'orders',
    instanceName: 'orders-1',
    v2Properties: () => [['language', 'nodejs']],
    v3Properties: () => [['OS Name', 'Linux']],
    heartbeatMs: undefined,
    ...options,
  });
  made.subscribe((event) => {
    if (event.type === 'configured') configurations.push(event.configuration);
  });
  return made;
}

beforeEach(() => {
  clock = new FakeClock();
  backend = new FakeBackend(() => clock.elapsed());
  backend.protocol = 'v3';
  configurations = [];
  registrar = make();
});

afterEach(() => registrar.stop());

async function connectedNow(): Promise<void> {
  registrar.start();
  await clock.advance(1_000);
  expect(registrar.state.phase).toBe('connected');
}

const methods = () => backend.calls.map(({ method }) => method).filter((method) => method !== 'configuration');

describe('at a v3 backend', () => {
  it('tells all of the instance first, and is connected as soon as that is answered', async () => {
    await connectedNow();
    const who = { serviceName: 'orders', instanceName: 'orders-1' };
    // By the second alone the instance would be there, and its service not in the list.
    expect(methods().slice(0, 2)).toEqual(['keepAlive', 'properties']);
    expect(backend.of('keepAlive')[0]?.request).toEqual(who);
    expect(backend.of('properties')[0]?.request).toEqual({ ...who, properties: [['OS Name', 'Linux']] });
    expect(registrar.status()).toMatchObject({
      phase: 'connected',
      epoch: 1,
      serviceId: null,
      instanceId: null,
      reason: 'start',
    });
    expect(registrar.protocol).toBe('v3');
    expect(await registrar.registered()).toEqual({ service: 'orders', instance: 'orders-1' });
  });

  it('is in no phase of v3 before a backend has decided, unless that is what the user wants', async () => {
    backend.isReachable = false;
    registrar.start();
    await clock.advance(1_000);
    expect(registrar.status().phase).toBe('unregistered');
    expect(registrar.protocol).toBeUndefined();
    const pinned = make({ protocol: 'v3' });
    expect(pinned.status().phase).toBe('connecting');
    expect(pinned.protocol).toBe('v3');
    await pinned.stop();
  });

  it.each(['keepAlive', 'properties', 'configuration'] as const)(
    'says nothing of a call that its own stop has aborted: %s',
    async (method) => {
      quiet.warn.mockClear();
      backend.script[method] = [retryable('This operation was aborted')];
      backend.hanging = new Set();
      registrar.start();
      for (let turn = 0; turn < 4 && backend.of(method).length === 0; turn++) {
        await clock.advance(0);
        backend.hanging.forEach((answer) => answer());
        backend.hanging.clear();
      }
      expect(backend.of(method)).toHaveLength(1);
      await registrar.stop();
      expect(quiet.warn).not.toHaveBeenCalled();
    },
  );

  it('beats every 30 s, and tells all of the instance again with every tenth', async () => {
    await connectedNow();
    await clock.advance(30_000 * 22);
    const times = backend.of('keepAlive').map(({ at }) => at);
    expect(times).toHaveLength(23);
    // The first period is cut by chance, so that agents which were connected together beat apart.
    expect(times[1]! - times[0]!).toBe(15_000);
    times.slice(2).forEach((at, index) => expect(at - times[index + 1]!).toBe(30_000));
    expect(backend.of('properties').map(({ at }) => at)).toEqual([times[0], times[10], times[20]]);
  });

  it('beats as often as it is told to', async () => {
    await registrar.stop();
    registrar = make({ heartbeatMs: 500 });
    await connectedNow();
    await clock.advance(4_500);
    expect(backend.of('keepAlive').length).toBeGreaterThanOrEqual(9);
  });

  it('tells all of the instance again after every reconnect, since a wiped backend says nothing', async () => {
    await connectedNow();
    backend.reconnect();
    registrar.disconnected();
    expect(registrar.status()).toMatchObject({ phase: 'connecting', epoch: 1 });
    await clock.advance(1_000);
    expect(backend.of('properties')).toHaveLength(2);
    expect(registrar.status()).toMatchObject({ phase: 'connected', epoch: 1, reason: 'start' });
  });

  it('tells all of it anew on a reset, and the reset is done when that was answered', async () => {
    await connectedNow();
    const result = registrar.reset('command 3f9a07');
    expect(registrar.isSound).toBe(false);
    await clock.advance(100);
    expect(await result).toMatchObject({
      service: { from: 'orders', to: 'orders' },
      instance: { from: 'orders-1', to: 'orders-1' },
    });
    expect(backend.of('properties')).toHaveLength(2);
    expect(registrar.status()).toMatchObject({ phase: 'connected', epoch: 2, reason: 'command 3f9a07' });
  });

  it('is not reset by an answer to what was told before', async () => {
    await connectedNow();
    backend.hanging = new Set();
    const result = registrar.reset('api');
    await clock.advance(10);
    const [before] = [...backend.hanging];
    void registrar.reset('command 1').catch(() => undefined);
    before!();
    await clock.advance(10);
    expect(registrar.state.phase).toBe('connecting');
    for (const go of backend.hanging) go();
    backend.hanging = undefined;
    await clock.advance(1_000);
    expect(registrar.status()).toMatchObject({ phase: 'connected', epoch: 3 });
    await result;
  });

  it('goes on telling at a bearable pace when it is refused, and says why', async () => {
    backend.script.properties = Array.from({ length: 1_000 }, () => failed('INTERNAL', 'INTERNAL: no storage'));
    registrar.start();
    await clock.advance(30_000);
    expect(registrar.state.phase).toBe('connecting');
    expect(registrar.heartbeatStatus().lastError).toBe('INTERNAL: no storage');
    const times = backend.calls.map(({ at }) => at);
    times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThanOrEqual(5_000));
    backend.script.properties = [];
    await clock.advance(2_000);
    expect(registrar.state.phase).toBe('connected');
  });

  it('is alive again after a beat that was lost', async () => {
    await connectedNow();
    backend.script.keepAlive = [retryable('UNAVAILABLE: gone')];
    await clock.advance(29_500);
    expect(registrar.heartbeatStatus()).toMatchObject({ failures: 1, lastError: 'UNAVAILABLE: gone' });
    await clock.advance(31_000);
    expect(registrar.heartbeatStatus()).toMatchObject({ failures: 0, lastError: null });
  });

  it('cuts names over its limits by itself, and says so, since the backend would cut them without a word', async () => {
    await registrar.stop();
    registrar = make({ serviceName: 's'.repeat(71), instanceName: `${'i'.repeat(69)}\u{1f600}` });
    quiet.warn.mockClear();
    await connectedNow();
    const known = { serviceName: 's'.repeat(70), instanceName: 'i'.repeat(69) };
    expect(backend.of('properties')[0]?.request).toMatchObject(known);
    expect(registrar.status().knownAs).toEqual({ service: known.serviceName, instance: known.instanceName });
    expect(registrar.v3Instance).toEqual(known);
    expect(quiet.warn.mock.calls.flat().join('\n')).toMatch(
      /service is known as s{70}:[^]*instance is known as i{69}:/,
    );
    await clock.advance(31_000);
    expect(backend.of('keepAlive')[0]?.request).toEqual(known);
    expect(quiet.warn).toHaveBeenCalledTimes(2);
  });

  it('asks nothing of v2', async () => {
    await connectedNow();
    for (let i = 0; i < 3; i++) registrar.endpoints.lookup('/orders');
    await clock.advance(120_000);
    expect(new Set(backend.calls.map(({ method }) => method))).toEqual(
      new Set(['properties', 'keepAlive', 'configuration']),
    );
  });
});

describe('the configuration of a v3 backend', () => {
  const sampled = (rate: string): Configuration => ({
    uuid: `uuid-${rate}`,
    values: new Map([['agent.sample_rate', rate]]),
  });

  it('is asked for at once and every 20 s, and told on when it changes', async () => {
    await connectedNow();
    expect(backend.of('configuration')).toHaveLength(1);
    expect(backend.of('configuration')[0]?.request).toEqual({ serviceName: 'orders', uuid: '' });
    backend.configuration = sampled('5000');
    await clock.advance(20_000);
    expect(configurations).toEqual([sampled('5000')]);
    await clock.advance(60_000);
    expect(configurations).toHaveLength(1);
    expect(backend.of('configuration').at(-1)?.request).toEqual({ serviceName: 'orders', uuid: 'uuid-5000' });
    backend.configuration = sampled('100');
    await clock.advance(20_000);
    expect(configurations.at(-1)).toEqual(sampled('100'));
  });

  it('is asked for no more where the backend has no such service, until it is another connection', async () => {
    backend.script.configuration = [failed('UNIMPLEMENTED', 'UNIMPLEMENTED')];
    await connectedNow();
    await clock.advance(120_000);
    expect(backend.of('configuration')).toHaveLength(1);
    expect(registrar.heartbeatStatus().failures).toBe(0);
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(1_000);
    expect(backend.of('configuration')).toHaveLength(2);
  });

  it.each(['a reconnect', 'a reset'])('holds no more after %s to a backend that can set nothing', async (what) => {
    backend.configuration = sampled('0');
    await connectedNow();
    expect(configurations).toEqual([sampled('0')]);
    backend.script.configuration = Array.from({ length: 9 }, () => failed('UNIMPLEMENTED', 'UNIMPLEMENTED'));
    if (what === 'a reset') void registrar.reset('api');
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(1_000);
    expect(configurations.slice(1)).toEqual([{ uuid: '', values: new Map() }]);
    await clock.advance(120_000);
    expect(configurations).toHaveLength(2);
    // A proxy says the same of a backend that is away: it goes on asking.
    expect(backend.of('configuration').length).toBeGreaterThan(6);
    expect(registrar.heartbeatStatus().failures).toBe(0);
  });

  it('is in force again where a backend that seemed to have no such service has it after all', async () => {
    backend.configuration = sampled('100');
    await connectedNow();
    backend.script.configuration = Array.from({ length: 3 }, () => failed('UNIMPLEMENTED', 'UNIMPLEMENTED'));
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(40_000);
    expect(configurations).toEqual([sampled('100'), { uuid: '', values: new Map() }]);
    await clock.advance(60_000);
    expect(configurations.slice(2)).toEqual([sampled('100')]);
  });

  it('holds where the backend that has set it seems to have no such service any more', async () => {
    backend.configuration = sampled('100');
    await connectedNow();
    backend.script.configuration = Array.from({ length: 3 }, () => failed('UNIMPLEMENTED', 'UNIMPLEMENTED'));
    await clock.advance(120_000);
    expect(backend.of('configuration').length).toBeGreaterThan(4);
    expect(configurations).toEqual([sampled('100')]);
  });

  it('holds while it only cannot be had', async () => {
    backend.configuration = sampled('100');
    await connectedNow();
    backend.script.configuration = [retryable('UNAVAILABLE'), failed('INTERNAL', 'INTERNAL: oops')];
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(120_000);
    expect(backend.of('configuration').length).toBeGreaterThan(3);
    // Told once more by the new connection, and never anything else.
    expect(configurations).toEqual([sampled('100'), sampled('100')]);
  });

  it.each(['uuid-100', ''])(
    'is the one of the backend of now, also where another called its own the same: "%s"',
    async (uuid) => {
      const [other, own] = [sampled('0'), sampled('100')].map(({ values }) => ({ uuid, values }));
      backend.configuration = other;
      await connectedNow();
      backend.configuration = own;
      backend.reconnect();
      registrar.disconnected();
      await clock.advance(1_000);
      expect(configurations).toEqual([other, own]);
    },
  );

  it('that cannot be had is no reason to doubt the backend', async () => {
    backend.script.configuration = [failed('INTERNAL', 'INTERNAL: oops')];
    await connectedNow();
    expect(registrar.isSound).toBe(true);
    expect(registrar.heartbeatStatus().failures).toBe(0);
    await clock.advance(20_000);
    expect(backend.of('configuration')).toHaveLength(2);
  });

  it('is asked for afresh after a reset', async () => {
    backend.configuration = sampled('5000');
    await connectedNow();
    void registrar.reset('api');
    await clock.advance(1_000);
    expect(backend.of('configuration').at(-1)?.request).toMatchObject({ uuid: '' });
  });
});

describe('an upgrade behind one address', () => {
  it('from v2 to v3 takes a new epoch, and nothing of the ids is left', async () => {
    backend.protocol = 'v2';
    registrar.start();
    await clock.advance(2_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', serviceId: 2 });
    for (let i = 0; i < 3; i++) registrar.endpoints.lookup('/orders');
    await clock.advance(2_000);
    expect(registrar.endpoints.counts().known).toBe(1);

    backend.protocol = 'v3';
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(2_000);
    expect(registrar.status()).toMatchObject({
      phase: 'connected',
      epoch: 2,
      serviceId: null,
      instanceId: null,
      reason: 'backend',
    });
    expect(registrar.endpoints.counts()).toMatchObject({ known: 0, pending: 0 });
    expect(registrar.protocol).toBe('v3');
  });

  it('and back registers, and what the other backend had set holds no more', async () => {
    backend.configuration = { uuid: 'u', values: new Map([['agent.sample_rate', '0']]) };
    await connectedNow();
    expect(configurations).toHaveLength(1);
    backend.protocol = 'v2';
    backend.reconnect();
    registrar.disconnected();
    await clock.advance(2_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, serviceId: 2, instanceId: 3 });
    expect(configurations.slice(1)).toEqual([{ uuid: '', values: new Map() }]);
  });

  it('in the middle of a reset tells the ids of before and the names of now', async () => {
    backend.protocol = 'v2';
    registrar.start();
    await clock.advance(2_000);
    backend.isReachable = false;
    registrar.disconnected();
    const result = registrar.reset('api');
    await clock.advance(500);
    backend.protocol = 'v3';
    backend.reconnect();
    backend.isReachable = true;
    await clock.advance(10_000);
    expect(await result).toMatchObject({
      service: { from: 2, to: 'orders' },
      instance: { from: 3, to: 'orders-1' },
    });
  });

  it('is noticed where the connection outlives it: who lacks what we call is asked again what it speaks', async () => {
    backend.protocol = 'v2';
    registrar.start();
    await clock.advance(2_000);
    backend.script.heartbeat = [failed('UNIMPLEMENTED', 'UNIMPLEMENTED')];
    // The transport gives a backend up that lacks a method.
    backend.protocol = 'v3';
    backend.reconnect();
    await clock.advance(10_000);
    expect(registrar.state.phase).toBe('connected');
  });
});
