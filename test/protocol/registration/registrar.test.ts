import { Log } from '../../../src/base/log';
import { failed, ok, retryable } from '../../../src/base/outcome';
import type { Heartbeat, InstanceRegistration } from '../../../src/model/registration';
import { Registrar } from '../../../src/protocol/registration/registrar';
import { FakeClock } from '../../support/fake-clock';
import { FakeBackend } from './fake-backend';

let clock: FakeClock;
let backend: FakeBackend;
let registrar: Registrar;

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };

beforeEach(() => {
  clock = new FakeClock();
  backend = new FakeBackend(() => clock.elapsed());
  registrar = new Registrar({
    api: backend,
    clock,
    log: new Log(clock, quiet),
    serviceName: 'orders',
    instanceName: 'orders-1',
    v2Properties: () => [['language', 'nodejs']],
    v3Properties: () => [['OS Name', 'Linux']],
    heartbeatMs: 3_000,
  });
});

afterEach(() => registrar.stop());

async function registeredNow(): Promise<void> {
  registrar.start();
  await clock.advance(2_000);
  expect(registrar.state.phase).toBe('registered');
}

function see(...names: string[]): void {
  for (const name of [...names, ...names]) registrar.endpoints.lookup(name);
}

const ids = () => ({ serviceId: registrar.status().serviceId, instanceId: registrar.status().instanceId });

describe('registering', () => {
  it('writes every transition to the debug log', async () => {
    const lines: string[] = [];
    const logged = new Registrar({
      api: backend,
      clock,
      log: new Log(clock, { ...quiet, debug: (line) => lines.push(line) }, 'debug'),
      serviceName: 'orders',
      instanceName: 'orders-1',
      v2Properties: () => [],
      v3Properties: () => [],
      heartbeatMs: 3_000,
    });
    logged.start();
    await clock.advance(2_000);
    logged.doubt('a test');
    await clock.advance(2_000);
    logged.doubt('a test');
    void logged.reset('command 1').catch(() => undefined);
    await logged.stop();
    expect(lines).toEqual([
      'registration: undecided unregistered epoch 1 -> v2 unregistered epoch 1 (connection-made)',
      'registration: v2 unregistered epoch 1 -> v2 service-known epoch 1 (service-answered)',
      'registration: v2 service-known epoch 1 -> v2 registered verified epoch 1 (instance-answered)',
      'registration: v2 registered verified epoch 1 -> v2 registered contradicted epoch 1 (contradicted)',
      'registration: v2 registered contradicted epoch 1 -> v2 registered verified epoch 1 (verified)',
      'registration: v2 registered verified epoch 1 -> v2 registered contradicted epoch 1 (contradicted)',
      'registration: v2 registered contradicted epoch 1 -> v2 unregistered epoch 2 (command 1)',
    ]);
  });

  it('writes no line for each reset of a backend that gives other ids again and again', async () => {
    const lines: string[] = [];
    const logged = new Registrar({
      api: backend,
      clock,
      log: new Log(clock, { ...quiet, info: (line) => lines.push(line) }, 'info'),
      serviceName: 'orders',
      instanceName: 'orders-1',
      v2Properties: () => [],
      v3Properties: () => [],
      heartbeatMs: 3_000,
    });
    logged.start();
    await clock.advance(2_000);
    const startedWith = lines.length;
    let resets = 0;
    const seen = new Set<number | null>();
    const endsAt = clock.elapsed() + 50_000;
    while (clock.elapsed() < endsAt) {
      seen.add(logged.status().instanceId);
      backend.wipeUnnoticed({ idsGoneToOthers: 10 * ++resets });
      logged.doubt(`${resets}: a test`);
      await clock.advance(1_000);
    }
    await logged.stop();
    expect(seen.size).toBeGreaterThan(20);
    expect(lines.length - startedWith).toBeLessThanOrEqual(11);
    expect(lines.slice(0, 3)).toEqual([
      'registered: service 2, instance 3',
      'asking the backend whether it still knows us: 1: a test',
      expect.stringMatching(/^registered: service \d\d, instance \d\d$/),
    ]);
  });

  it('asks for the service, then for the instance, until each has an id', async () => {
    await registeredNow();
    expect(backend.calls.slice(0, 4).map(({ method }) => method)).toEqual([
      'service',
      'service',
      'instance',
      'instance',
    ]);
    expect(backend.of('instance')[0]?.request).toMatchObject({
      serviceId: 2,
      instanceName: 'orders-1',
      properties: [['language', 'nodejs']],
    } satisfies Partial<InstanceRegistration>);
    expect(registrar.status()).toMatchObject({
      phase: 'registered',
      epoch: 1,
      serviceId: 2,
      instanceId: 3,
      reason: 'start',
    });
  });

  it('asks again after about 20, 40, 80 … ms, doubling to one and a half seconds', async () => {
    backend.emptyAnswers = Infinity;
    registrar.start();
    await clock.advance(7_000);
    const times = backend.of('service').map(({ at }) => at);
    expect(times[0]).toBeLessThan(1_000);
    const waits = times.slice(1, 10).map((at, index) => at - times[index]!);
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1_280, 1_500, 1_500]);
  });

  it.each([0, 0.999])(
    'is never slower than one question in 2 s, nor faster than 20 in 5 s (chance %p)',
    async (chance) => {
      clock.chance = chance;
      backend.emptyAnswers = Infinity;
      registrar.start();
      await clock.advance(60_000);
      const times = backend.calls.map(({ at }) => at);
      times.slice(1).forEach((at, index) => expect(at - times[index]!).toBeLessThanOrEqual(2_000));
      times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThan(5_000 - 1));
    },
  );

  it('does not ask more than 20 times in 5 s when the backend takes back every service id it gives', async () => {
    backend.script.instance = Array.from({ length: 500 }, () => failed('UNKNOWN', 'UNKNOWN: '));
    backend.emptyAnswers = 0;
    registrar.start();
    await clock.advance(30_000);
    const times = backend.calls.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(60);
    times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThanOrEqual(5_000));
  });

  it('starts again with the service when its id is stale', async () => {
    backend.script.instance = [failed('UNKNOWN', 'UNKNOWN: ')];
    await registeredNow();
    expect(backend.calls.slice(0, 5).map(({ method }) => method)).toEqual([
      'service',
      'service',
      'instance',
      'service',
      'instance',
    ]);
    expect(registrar.status().epoch).toBe(2);
  });

  it('tries to connect at least every 5 s while no backend answers, and says what is wrong', async () => {
    backend.isReachable = false;
    registrar.start();
    await clock.advance(60_000);
    expect(backend.connects).toBeGreaterThanOrEqual(12);
    expect(backend.calls).toEqual([]);
    expect(registrar.heartbeatStatus()).toMatchObject({ lastOkAt: null, lastError: 'UNAVAILABLE: no listener' });
    expect(registrar.heartbeatStatus().failures).toBe(backend.connects);
    backend.isReachable = true;
    await clock.advance(7_000);
    expect(registrar.state.phase).toBe('registered');
    expect(registrar.heartbeatStatus()).toMatchObject({ failures: 0, lastError: null });
  });
});

describe('heartbeats', () => {
  it.each([0, 0.7])('come apart by chance after a connection, and then one an interval (chance %p)', async (chance) => {
    clock.chance = chance;
    await registeredNow();
    await clock.advance(30_000);
    const times = backend.of('heartbeat').map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - times[index]!);
    expect(waits[0]).toBeCloseTo(3_000 * chance, 5);
    for (const waitMs of waits.slice(1)) expect(waitMs).toBeCloseTo(3_000, 5);
    expect(waits.length).toBeGreaterThan(8);
  });

  it('carry the id and the name, the first within one interval after registering, then one an interval', async () => {
    registrar.start();
    await clock.advance(100);
    expect(registrar.state.phase).toBe('registered');
    await clock.advance(3_000);
    expect(backend.of('heartbeat')[0]?.request).toEqual({
      instanceId: 3,
      instanceName: 'orders-1',
      time: expect.any(Number),
    } satisfies Heartbeat);
    await clock.advance(30_000);
    const times = backend.of('heartbeat').map(({ at }) => at);
    times.slice(2).forEach((at, index) => expect(at - times[index + 1]!).toBe(3_000));
    expect(times.length).toBeGreaterThanOrEqual(11);
  });

  it('registers afresh when a ping says the backend lost us', async () => {
    await registeredNow();
    backend.script.heartbeat = [ok({ reset: true })];
    await clock.advance(3_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'backend' });
  });

  it('go on when one of them fails, and the failure shows until one succeeds', async () => {
    await registeredNow();
    backend.script.heartbeat = [failed('INTERNAL', 'INTERNAL: out of order')];
    await clock.advance(3_000);
    const before = backend.of('heartbeat').length;
    await clock.advance(6_000);
    expect(backend.of('heartbeat').length).toBeGreaterThan(before);
    expect(registrar.heartbeatStatus()).toMatchObject({ failures: 0, lastError: null });
    expect(registrar.status().epoch).toBe(1);
  });
});

describe('a reset', () => {
  it('registers anew and tells the ids of before and after', async () => {
    await registeredNow();
    backend.wipe({ idsGoneToOthers: 5 });
    const result = registrar.reset('api');
    await clock.advance(1_000);
    expect(await result).toEqual({
      service: { from: 2, to: 7 },
      instance: { from: 3, to: 8 },
      tookMs: expect.any(Number),
    });
    expect(registrar.status()).toMatchObject({ epoch: 2, reason: 'api', ...{ serviceId: 7, instanceId: 8 } });
  });

  it('empties both dictionaries, what is known and what is pending', async () => {
    await registeredNow();
    see('/known');
    await clock.advance(500);
    expect(registrar.endpoints.counts().known).toBe(1);
    backend.emptyAnswers = Infinity;
    see('/pending');
    registrar.networkAddresses.lookup('db:1');
    registrar.networkAddresses.lookup('db:1');
    const result = registrar.reset('api');
    result.catch(() => undefined);
    expect(registrar.endpoints.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
    expect(registrar.networkAddresses.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
  });

  it('gives up the call in flight, and the answer to it changes nothing', async () => {
    await registeredNow();
    backend.hanging = new Set();
    backend.script.heartbeat = [ok({ reset: true })];
    await clock.advance(3_000);
    expect(backend.hanging.size).toBe(1);
    backend.hanging = undefined;
    const result = registrar.reset('api');
    await clock.advance(500);
    await result;
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'api' });
  });

  it('does not believe a service id that was asked for before it', async () => {
    backend.hanging = new Set();
    backend.emptyAnswers = 0;
    registrar.start();
    await clock.advance(0);
    const [answerLate] = backend.hanging;
    backend.hanging = undefined;
    backend.wipe({ idsGoneToOthers: 3 });
    const result = registrar.reset('api');
    answerLate!();
    await clock.advance(1_000);
    expect((await result).service).toEqual({ from: null, to: 5 });
  });

  it('lets no name through that was learned from an answer of before', async () => {
    await registeredNow();
    backend.emptyAnswers = 0;
    see('/orders');
    backend.hanging = new Set();
    await clock.advance(500);
    expect(backend.of('endpoints')).toHaveLength(1);
    const [answerLate] = backend.hanging;
    backend.hanging = undefined;
    backend.wipe({ idsGoneToOthers: 10 });
    const result = registrar.reset('api');
    see('/orders');
    answerLate!();
    await clock.advance(1_000);
    await result;
    await clock.advance(1_000);
    expect(registrar.endpoints.lookup('/orders')).toBeGreaterThan(12);
  });

  it('carries no id of before in any call after it', async () => {
    await registeredNow();
    see('/orders');
    await clock.advance(500);
    const before = ids();
    backend.wipe({ idsGoneToOthers: 20 });
    backend.calls = [];
    const result = registrar.reset('api');
    see('/orders');
    await clock.advance(10_000);
    await result;
    see('/orders');
    await clock.advance(10_000);
    expect(backend.of('heartbeat').length).toBeGreaterThan(0);
    expect(backend.of('endpoints').length).toBeGreaterThan(0);
    for (const { request } of backend.calls) {
      expect(request).not.toMatchObject({ serviceId: before.serviceId });
      expect(request).not.toMatchObject({ instanceId: before.instanceId });
    }
  });

  it('that comes while another is under way ends both with the same ids', async () => {
    await registeredNow();
    backend.wipe({ idsGoneToOthers: 2 });
    const both = Promise.all([registrar.reset('api'), registrar.reset('command 3f9a07')]);
    await clock.advance(2_000);
    const [first, second] = await both;
    expect(first.instance).toEqual({ from: 3, to: 5 });
    expect(second.instance).toEqual({ from: 3, to: 5 });
  });

  it('is not delayed by names that are asked for as fast as may be', async () => {
    await registeredNow();
    backend.badNames.add('/bad');
    for (let round = 0; round < 60; round++) {
      see(`/${round}`, '/bad');
      await clock.advance(50);
    }
    const result = registrar.reset('api');
    await clock.advance(100);
    expect((await result).tookMs).toBeLessThan(100);
  });

  it('is rejected when the agent is stopped meanwhile', async () => {
    await registeredNow();
    backend.isReachable = false;
    const result = registrar.reset('api');
    const rejected = expect(result).rejects.toMatchObject({ code: 'STOPPED' });
    await registrar.stop();
    await rejected;
  });
});

describe('the check that our ids are still ours', () => {
  it('finds after a reconnect that they went to another instance, without being told', async () => {
    await registeredNow();
    backend.wipe({ idsGoneToOthers: 4 });
    // Another instance got our integers: a ping would be answered as if all were well.
    backend.script.heartbeat = Array.from({ length: 50 }, () => ok({ reset: false }));
    await clock.advance(5_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification', serviceId: 6 });
  });

  it('does not take ids for proof that may have been made by a question whose answer got lost', async () => {
    await registeredNow();
    see('/orders');
    await clock.advance(500);
    backend.wipe();
    // Another process of our service was faster, and our instance is created by the question that is not answered.
    backend.emptyAnswers = 0;
    backend.script.instance = [retryable('UNAVAILABLE: connection lost')];
    await clock.advance(5_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification' });
    expect(registrar.endpoints.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
  });

  it.each(['service', 'instance'] as const)(
    'registers nothing anew where its connection is left for another while the answer of %s is out',
    async (method) => {
      await registeredNow();
      backend.script[method] = [{ ...retryable('replaced by a connection to b:1'), isPlanned: true }];
      backend.reconnect();
      await clock.advance(5_000);
      expect(backend.script[method]).toEqual([]);
      expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 1, reason: 'start' });
      expect(registrar.heartbeatStatus()).toMatchObject({ failures: 0, lastError: null });
    },
  );

  it('comes before anything that carries an id on a new connection', async () => {
    await registeredNow();
    backend.reconnect();
    backend.calls = [];
    await clock.advance(3_000);
    expect(backend.calls.slice(0, 3).map(({ method }) => method)).toEqual(['service', 'instance', 'heartbeat']);
    expect(registrar.status()).toMatchObject({ epoch: 1, reason: 'start' });
  });

  it('believes that the backend lost us even where the same ids come back: those of our names are gone', async () => {
    await registeredNow();
    see('/orders');
    await clock.advance(500);
    const before = ids();
    expect(registrar.endpoints.counts().known).toBe(1);
    backend.wipe();
    await clock.advance(5_000);
    expect(ids()).toEqual(before);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification' });
    expect(registrar.endpoints.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
  });

  it('is made now and then on a connection that never breaks, since a proxy hides a restarted backend', async () => {
    await registeredNow();
    const before = backend.of('service').length;
    await clock.advance(50_000);
    // The first comes by chance, after one to ten heartbeats, and then each after ten.
    const times = backend.of('service').map(({ at }) => at).slice(before); // prettier-ignore
    expect(times).toHaveLength(2);
    expect(times[1]! - times[0]!).toBeCloseTo(30_000, -2);
    expect(registrar.isSound).toBe(true);
  });

  it('is made at once when the ids are in doubt', async () => {
    await registeredNow();
    backend.calls = [];
    registrar.doubt('another server answered');
    expect(registrar.isSound).toBe(false);
    await clock.advance(10);
    expect(backend.calls.map(({ method }) => method).slice(0, 2)).toEqual(['service', 'instance']);
    expect(registrar.isSound).toBe(true);
  });
});

describe('names', () => {
  it('are asked for in batches, with our service id, until known and never again', async () => {
    await registeredNow();
    see('/a', '/b');
    await clock.advance(5_000);
    expect(backend.of('endpoints').map(({ request }) => request)).toEqual([
      { serviceId: 2, names: ['/a', '/b'] },
      { serviceId: 2, names: ['/a', '/b'] },
    ]);
    expect(registrar.endpoints.counts()).toEqual({ known: 2, pending: 0, refused: 0 });
  });

  it('that are bad do not stop the others, nor the heartbeats', async () => {
    await registeredNow();
    backend.badNames.add('/bad');
    see('/a', '/bad', '/b', '/c');
    await clock.advance(10_000);
    expect(registrar.endpoints.counts()).toEqual({ known: 3, pending: 1, refused: 0 });
    expect(backend.of('heartbeat').length).toBeGreaterThanOrEqual(3);
  });

  it('never make more than 20 questions in 5 s', async () => {
    await registeredNow();
    backend.emptyAnswers = Infinity;
    for (let round = 0; round < 100; round++) {
      see(`/${round}`);
      registrar.networkAddresses.lookup(`host-${round}:80`);
      registrar.networkAddresses.lookup(`host-${round}:80`);
      await clock.advance(50);
    }
    const times = backend.calls
      .filter(({ method }) => method === 'endpoints' || method === 'addresses')
      .map(({ at }) => at);
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(backend.of('endpoints').length).toBeGreaterThan(5);
    expect(backend.of('addresses').length).toBeGreaterThan(5);
    times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThanOrEqual(5_000));
  });
});

describe('endpoints and network addresses', () => {
  it('do not starve each other, however many names are to be asked for', async () => {
    await registeredNow();
    // One question alone, so that those of both kinds do not come and go in pairs.
    backend.emptyAnswers = 0;
    registrar.networkAddresses.lookup('host:80');
    registrar.networkAddresses.lookup('host:80');
    await clock.advance(200);
    backend.emptyAnswers = Infinity;
    for (let round = 0; round < 1_000; round++) {
      see(`/${round}`);
      registrar.networkAddresses.lookup(`host-${round}:80`);
      registrar.networkAddresses.lookup(`host-${round}:80`);
      await clock.advance(30);
    }
    const [endpoints, addresses] = [backend.of('endpoints').length, backend.of('addresses').length];
    expect(endpoints + addresses).toBeGreaterThanOrEqual(100);
    expect(Math.abs(endpoints - addresses)).toBeLessThanOrEqual(3);
  });
});

describe('stopping', () => {
  it('asks nothing more and leaves no timer', async () => {
    await registeredNow();
    await registrar.stop();
    backend.calls = [];
    await clock.advance(60_000);
    expect(backend.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('does not wait for a backend that hangs', async () => {
    backend.hanging = new Set();
    registrar.start();
    await clock.advance(100);
    await registrar.stop();
    expect(clock.pending).toBe(0);
  });
});
