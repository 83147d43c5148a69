import { Log } from '../../../src/base/log';
import { ok, retryable } from '../../../src/base/outcome';
import { Registrar } from '../../../src/protocol/registration/registrar';
import type { ProtocolName } from '../../../src/model/dialect';
import type { V2Identity } from '../../../src/protocol/v2/sw6/propagator';
import { USER_ENDPOINT } from '../../../src/model/components';
import { FakeBackend } from './fake-backend';
import { isV2 } from '../../support/tracing';
import { FakeClock } from '../../support/fake-clock';

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };
const OURS = { protocol: 'v3', service: 'orders', instance: 'orders-1' };
const LOST = retryable('UNAVAILABLE: connection lost');

let clock: FakeClock;
let backend: FakeBackend;
let registrar: Registrar;

function create(protocol?: ProtocolName): void {
  clock = new FakeClock();
  backend = new FakeBackend(() => clock.elapsed());
  const log = new Log(clock, quiet);
  registrar = new Registrar({
    api: backend,
    clock,
    log,
    serviceName: 'orders',
    instanceName: 'orders-1',
    v2Properties: () => [],
    v3Properties: () => [],
    heartbeatMs: 3_000,
    ...(protocol && { protocol }),
  });
}

afterEach(() => registrar.stop());

/** The backend is away, and the connection with it. */
function lose(): void {
  backend.isReachable = false;
  backend.reconnect();
  registrar.disconnected();
}

function speakV3(): void {
  backend.protocol = 'v3';
  backend.reconnect();
}

describe('what a header says of us on v2', () => {
  beforeEach(async () => {
    create();
    registrar.start();
    await clock.advance(2_000);
    for (let n = 0; n < 2; n++) registrar.endpoints.lookup('/orders');
    await clock.advance(1_000);
    expect(registrar.isSound).toBe(true);
  });

  const ids = (): V2Identity => {
    const found = registrar.carrierNames();
    if (!isV2(found)) throw new Error('there are no ids');
    return found;
  };

  it('is the last ids while the connection is gone, though segments wait', async () => {
    const { instanceId, epoch } = ids();
    lose();
    for (let second = 0; second < 60; second++) {
      expect(registrar.names()).toBeUndefined();
      expect(ids()).toMatchObject({ instanceId, epoch });
      await clock.advance(1_000);
    }
    backend.isReachable = true;
    await clock.advance(6_000);
    expect(registrar.isSound).toBe(true);
    expect(ids()).toMatchObject({ instanceId, epoch });
  });

  it('is the last ids while the backend of a new connection has not confirmed them yet', async () => {
    const { instanceId } = ids();
    backend.script.service = Array.from({ length: 3 }, () => LOST);
    lose();
    backend.isReachable = true;
    await clock.advance(150);
    expect(backend.of('service').length).toBeGreaterThan(2);
    expect(registrar.isSound).toBe(false);
    expect(ids().instanceId).toBe(instanceId);
  });

  it('is no name of an endpoint while the connection is gone: a backend would wait for it, then drop the callee', () => {
    const id = ids().endpoint('/orders');
    expect([id > USER_ENDPOINT, ids().endpoint('/new')]).toEqual([true, 0]);
    lose();
    expect([ids().endpoint('/orders'), ids().endpoint('/new')]).toEqual([id, USER_ENDPOINT]);
    expect(ids().networkAddress('stock:80')).toBe(0);
  });

  it('is our names from the moment on that a new connection shows a wipe, until registered anew', async () => {
    lose();
    await clock.advance(3_000);
    backend.wipe({ idsGoneToOthers: 10 });
    backend.isReachable = true;
    const seen: unknown[] = [];
    for (let n = 0; n < 10_000 && !(registrar.isSound && registrar.state.epoch === 2); n++) {
      if (registrar.state.epoch === 2) seen.push(registrar.carrierNames());
      await clock.advance(1);
    }
    expect(seen.length).toBeGreaterThan(0);
    for (const found of seen) expect(found).toMatchObject(OURS);
    expect(ids()).toMatchObject({ epoch: 2, instanceId: registrar.status().instanceId });
  });

  it.each([
    ['a heartbeat says that the backend lost us', () => void (backend.script.heartbeat = [ok({ reset: true })])],
    ['an operator says reset', () => void registrar.reset('command').catch(() => undefined)],
    ['another protocol is spoken', speakV3],
  ])('is our names, and none of the last ids, when %s', async (_, happen) => {
    backend.emptyAnswers = Infinity;
    backend.wipeUnnoticed();
    happen();
    await clock.advance(4_000);
    expect(registrar.state.epoch).toBeGreaterThan(1);
    expect(registrar.carrierNames()).toMatchObject(OURS);
  });

  it('is our names while something speaks against our ids, also when the connection is lost then', async () => {
    backend.script.service = [LOST, LOST, LOST];
    registrar.doubt('another server answered');
    expect(registrar.carrierNames()).toMatchObject(OURS);
    await clock.advance(50);
    lose();
    await clock.advance(3_000);
    expect(registrar.carrierNames()).toMatchObject(OURS);
    backend.isReachable = true;
    await clock.advance(20_000);
    expect(registrar.isSound).toBe(true);
    expect(ids().epoch).toBe(1);
  });
});

describe('the ids that other processes give along', () => {
  beforeEach(async () => {
    create();
    registrar.start();
    await clock.advance(2_000);
  });

  const lagMs = async (): Promise<number> => {
    let ms = 0;
    for (; registrar.mayOthersLag && ms < 60_000; ms += 10) await clock.advance(10);
    return ms;
  };

  it('are believed from the first registration on', () => {
    expect(registrar.mayOthersLag).toBe(false);
  });

  it('are believed after an outage that no storage was lost in', async () => {
    lose();
    await clock.advance(10_000);
    backend.isReachable = true;
    await clock.advance(6_000);
    expect(registrar.isSound).toBe(true);
    expect(registrar.mayOthersLag).toBe(false);
  });

  /** From the loss of the connection to the new registration. */
  const reregister = async (): Promise<number> => {
    const since = clock.elapsed();
    while (registrar.state.epoch === 1 || !registrar.isSound) await clock.advance(1);
    return clock.elapsed() - since;
  };

  it('are not believed for twice as long as we had none ourselves, once ours were dead', async () => {
    backend.wipe({ idsGoneToOthers: 10 });
    lose();
    const lost = clock.elapsed();
    await clock.advance(1_000);
    backend.isReachable = true;
    await reregister();
    const awayMs = clock.elapsed() - lost;
    expect(awayMs).toBeGreaterThan(1_500);
    expect(awayMs).toBeLessThan(3_000);
    const found = await lagMs();
    expect(found).toBeGreaterThanOrEqual(2 * awayMs - 10);
    expect(found).toBeLessThanOrEqual(2 * awayMs + 10);
  });

  it('are not believed for the time between two heartbeats, if we were quicker than that', async () => {
    backend.wipeUnnoticed({ idsGoneToOthers: 10 });
    registrar.disconnected();
    backend.reconnect();
    expect(await reregister()).toBeLessThan(1_000);
    expect(await lagMs()).toBe(3_000);
  });

  it('are not believed for that time either if an operator says reset meanwhile', async () => {
    backend.wipeUnnoticed({ idsGoneToOthers: 10 });
    registrar.disconnected();
    backend.reconnect();
    while (registrar.state.epoch === 1) await clock.advance(1);
    const reset = registrar.reset('command 1');
    while (!registrar.isSound) await clock.advance(1);
    await reset;
    expect(registrar.state.epoch).toBe(3);
    expect(await lagMs()).toBeGreaterThanOrEqual(3_000);
  });

  it('are believed again at once after a reset that an operator asked for', async () => {
    const reset = registrar.reset('command 1');
    while (registrar.state.epoch === 1 || !registrar.isSound) await clock.advance(1);
    await reset;
    expect(await lagMs()).toBeLessThan(1_000);
  });

  it('are not believed while we are registering anew, and for six seconds after a long outage', async () => {
    lose();
    await clock.advance(60_000);
    backend.wipe({ idsGoneToOthers: 10 });
    backend.isReachable = true;
    while (registrar.state.epoch === 1) await clock.advance(1);
    while (!registrar.isSound) {
      expect(registrar.mayOthersLag).toBe(true);
      await clock.advance(1);
    }
    expect(await lagMs()).toBe(6_000);
  });
});

describe('what a header says of us without ids', () => {
  it.each([undefined, 'v2', 'v3'] as const)(
    'is our names, before any connection too, with the protocol %s',
    (protocol) => {
      create(protocol);
      expect(registrar.carrierNames()).toMatchObject(OURS);
      expect(registrar.names()).toBeUndefined();
    },
  );

  it('is our names at every moment of outages and resets', async () => {
    create();
    backend.protocol = 'v3';
    registrar.start();
    await clock.advance(1_000);
    const happenings = [lose, () => (backend.isReachable = true), () => void registrar.reset('api')];
    for (const happen of happenings) {
      happen();
      for (let n = 0; n < 100; n++) {
        expect(registrar.carrierNames()).toMatchObject(OURS);
        await clock.advance(100);
      }
    }
    expect(registrar.isSound).toBe(true);
  });
});
