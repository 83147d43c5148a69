import { Log } from '../../../src/base/log';
import { retryable } from '../../../src/base/outcome';
import { Registrar } from '../../../src/protocol/registration/registrar';
import type { V2Identity } from '../../../src/protocol/v2/sw6/propagator';
import type { V2Names } from '../../../src/model/names';
import { FakeBackend } from './fake-backend';
import { isV2 } from '../../support/tracing';
import { FakeClock } from '../../support/fake-clock';

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };

let clock: FakeClock;
let backend: FakeBackend;
let registrar: Registrar;
/** What there was to be had at any change of anything, by epoch. */
let ever: Map<number, { wire: Set<V2Names>; own: Set<V2Identity> }>;
/** Nothing that is thrown in there gets out. */
let faults: string[];

function note(): void {
  const wire = registrar.names();
  const own = registrar.carrierNames();
  const disputed = [registrar.endpoints, registrar.networkAddresses].flatMap((dictionary) => dictionary.conflicts());
  if (wire && disputed.length > 0) faults.push('there were names while an id was in dispute');
  if (wire?.protocol !== 'v2' || !isV2(own)) return;
  const { epoch } = registrar.state;
  if (wire.epoch !== epoch || own.epoch !== epoch) faults.push(`names of ${wire.epoch}, ${own.epoch} in ${epoch}`);
  const noted = ever.get(wire.epoch) ?? { wire: new Set(), own: new Set() };
  ever.set(wire.epoch, noted);
  noted.wire.add(wire);
  noted.own.add(own);
}

beforeEach(async () => {
  clock = new FakeClock();
  backend = new FakeBackend(() => clock.elapsed());
  const log = new Log(clock, quiet);
  ever = new Map();
  faults = [];
  registrar = new Registrar({
    api: backend,
    clock,
    log,
    serviceName: 'orders',
    instanceName: 'orders-1',
    v2Properties: () => [],
    v3Properties: () => [],
    heartbeatMs: 3_000,
  });
  registrar.subscribe(() => note());
  registrar.start();
  await clock.advance(2_000);
});

afterEach(async () => {
  await registrar.stop();
  expect(faults).toEqual([]);
});

function now(): V2Names {
  const found = registrar.names();
  if (found?.protocol !== 'v2') throw new Error('not registered');
  return found;
}

async function see(...seen: string[]): Promise<void> {
  for (const name of [...seen, ...seen]) {
    now().endpoint(name);
    now().networkAddress(name);
  }
  await clock.advance(1_000);
}

async function registerAnew(): Promise<void> {
  backend.wipe({ idsGoneToOthers: registrar.state.epoch * 20 });
  const done = registrar.reset('api');
  await clock.advance(2_000);
  await done;
}

describe('the ids that segments are encoded with', () => {
  it('lead back to the names they were given for', async () => {
    await see('/orders', 'db:3306');
    const [endpoint, address] = [now().endpoint('/orders'), now().networkAddress('db:3306')];
    expect([endpoint > 0, address > 0]).toEqual([true, true]);
    expect(now().endpointOf(endpoint)).toBe('/orders');
    expect(now().networkAddressOf(address)).toBe('db:3306');
    expect(now().endpointOf(address)).not.toBe('db:3306');
    expect(now().endpointOf(0)).toBeUndefined();
    expect(now().endpointOf(9_999)).toBeUndefined();
  });

  it('still do after a reset, when the same ids are those of other names', async () => {
    await see('/orders');
    const before = now();
    const [endpoint, address] = [before.endpoint('/orders'), before.networkAddress('/orders')];
    backend.wipe();
    const done = registrar.reset('api');
    await clock.advance(2_000);
    await done;
    await see('/stock');
    expect([now().endpoint('/stock'), now().networkAddress('/stock')]).toEqual([endpoint, address]);
    expect([before.endpointOf(endpoint), before.networkAddressOf(address)]).toEqual(['/orders', '/orders']);
    expect([now().endpointOf(endpoint), now().networkAddressOf(address)]).toEqual(['/stock', '/stock']);
  });

  it('are never those of a later registration, even for a caller with the names of before', async () => {
    await see('/orders');
    const [before, ownBefore] = [now(), registrar.carrierNames() as V2Identity];
    const id = before.endpoint('/orders');
    await registerAnew();
    await see('/orders', '/stock');
    expect(now().endpoint('/orders')).toBeGreaterThan(id);
    expect(now().endpoint('/stock')).toBeGreaterThan(0);
    for (const old of [before, ownBefore]) {
      expect([old.endpoint('/orders'), old.endpoint('/stock')]).toEqual([id, 0]);
      expect(old.networkAddress('/stock')).toBe(0);
    }
  });

  it('are of one registration in every epoch, whoever asks for them and at whichever moment', async () => {
    const ids: number[] = [];
    for (let epoch = 1; epoch <= 4; epoch++) {
      await see('/orders');
      ids.push(now().endpoint('/orders'));
      await registerAnew();
    }
    expect(new Set(ids).size).toBe(4);
    expect(ids).not.toContain(0);
    for (const [index, id] of ids.entries()) {
      const { wire, own } = ever.get(index + 1)!;
      expect([wire.size, own.size]).toEqual([1, 1]);
      for (const view of [...wire, ...own]) expect(view.endpoint('/orders')).toBe(id);
      for (const view of wire) expect(ids.map((any) => view.endpointOf(any) !== undefined).indexOf(true)).toBe(index);
    }
  });

  it('are not to be had while two names have one', async () => {
    await see('/orders');
    backend.loseNames();
    backend.script.service = Array.from({ length: 6 }, () => retryable('UNAVAILABLE: connection lost'));
    const id = now().endpoint('/orders');
    const before = now();
    await see('/stock');
    expect(registrar.names()).toBeUndefined();
    expect(registrar.carrierNames()?.protocol).toBe('v3');
    expect(before.endpointOf(id)).toBe('/orders');
    await clock.advance(10_000);
    expect(now().epoch).toBe(2);
  });
});
