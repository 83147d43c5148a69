import { Log } from '../../../src/base/log';
import { failed, ok, retryable } from '../../../src/base/outcome';
import { Registrar } from '../../../src/protocol/registration/registrar';
import { FakeClock } from '../../support/fake-clock';
import { FakeBackend } from '../registration/fake-backend';

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };

let clock: FakeClock;
let backend: FakeBackend;
let registrar: Registrar;

beforeEach(async () => {
  clock = new FakeClock();
  backend = new FakeBackend(() => clock.elapsed());
  registrar = new Registrar({
    api: backend,
    clock,
    log: new Log(clock, quiet),
    serviceName: 'orders',
    instanceName: 'orders-1',
    v2Properties: () => [],
    v3Properties: () => [],
    heartbeatMs: 3_000,
  });
  registrar.start();
  await clock.advance(2_000);
  expect(registrar.state.phase).toBe('registered');
});

afterEach(() => registrar.stop());

const kinds = [
  ['endpoints', 'endpoints'],
  ['network addresses', 'addresses'],
] as const;

function dictionaryOf(method: 'endpoints' | 'addresses') {
  return method === 'endpoints' ? registrar.endpoints : registrar.networkAddresses;
}

function see(method: 'endpoints' | 'addresses', ...names: string[]): void {
  for (const name of [...names, ...names]) dictionaryOf(method).lookup(name);
}

const alike = (...names: string[]) => ok(new Map(names.map((name) => [name, 12])));

const asked = (method: 'endpoints' | 'addresses') =>
  backend.of(method).map(({ request }) => (request as { names: string[] }).names.join());

/** The last of any 21 of these calls comes more than 5 s after the first. */
function expectBearablePace(...methods: string[]): void {
  const times = backend.calls.filter(({ method }) => methods.includes(method)).map(({ at }) => at);
  times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThanOrEqual(5_000));
}

describe.each(kinds)('an id that the backend gives to two %s', (_, method) => {
  it('shows that the storage is another one, of an earlier day, though it has our service and our instance', async () => {
    see(method, 'a');
    await clock.advance(500);
    const before = dictionaryOf(method).known('a');
    expect(before).toBeGreaterThan(0);
    backend.loseNames();
    backend.calls = [];
    see(method, 'b');
    await clock.advance(1_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification' });
    expect(asked(method)).toEqual(['b', 'b', 'a']);
    see(method, 'a', 'b');
    await clock.advance(1_000);
    expect(dictionaryOf(method).known('b')).toBe(before);
    expect(dictionaryOf(method).known('a')).toBe(before + 1);
  });

  it('leads to the finding that the storage was cleared, behind a proxy that hides it', async () => {
    see(method, 'a');
    await clock.advance(500);
    backend.wipeUnnoticed({ idsGoneToOthers: 2 });
    // Another instance has our integers.
    backend.script.heartbeat = Array.from({ length: 50 }, () => ok({ reset: false }));
    backend.calls = [];
    see(method, 'b');
    await clock.advance(1_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification', serviceId: 5 });
    expect(asked(method)).toEqual(['b', 'b']);
  });

  it('lets nothing be sent until that is settled', async () => {
    backend.numbering = () => 12;
    see(method, 'a', 'b');
    backend.script.service = Array.from({ length: 5 }, () => retryable('UNAVAILABLE: connection lost'));
    await clock.advance(100);
    expect(dictionaryOf(method).conflicts()).toEqual(['a']);
    expect(registrar.isSound).toBe(false);
    await clock.advance(20_000);
    expect(registrar.isSound).toBe(true);
  });

  it('is asked about again when the answer gets lost', async () => {
    backend.numbering = () => 12;
    backend.script[method] = [alike('a', 'b'), retryable('UNAVAILABLE: connection lost')];
    see(method, 'a', 'b');
    await clock.advance(50);
    expect(registrar.isSound).toBe(false);
    await clock.advance(1_000);
    expect(registrar.isSound).toBe(true);
    expect(asked(method)).toEqual(['a,b', 'a', 'a']);
    expect(registrar.status().epoch).toBe(1);
  });

  it('makes us register anew where the backend refuses the name that it knew', async () => {
    backend.script[method] = [alike('a', 'b'), failed('UNKNOWN', 'UNKNOWN: ')];
    see(method, 'a', 'b');
    await clock.advance(1_000);
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 2, reason: 'verification' });
  });

  it('is that of the first where the backend takes both for one, and the other goes by its name', async () => {
    backend.numbering = (name) => (/^orders$/i.test(name) ? 12 : 13);
    see(method, 'orders', 'Orders', 'stock');
    await clock.advance(1_000);
    expect(registrar.isSound).toBe(true);
    expect(registrar.status()).toMatchObject({ epoch: 1, reason: 'start' });
    expect(['orders', 'Orders', 'stock'].map((name) => dictionaryOf(method).lookup(name))).toEqual([12, 0, 13]);
  });

  it('costs one question in half a minute once that is settled, however long the backend goes on so', async () => {
    backend.numbering = () => 12;
    see(method, 'a', 'b', 'c');
    await clock.advance(1_000);
    expect(asked(method)).toEqual(['a,b,c', 'a']);
    backend.calls = [];
    await clock.advance(600_000);
    expect(asked(method)).toEqual(Array.from({ length: 20 }, () => 'b,c'));
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 1 });
    expect(registrar.isSound).toBe(true);
  });

  it('never makes more than 20 questions in 5 s, nor stops the heartbeats, though all names have it', async () => {
    backend.numbering = () => 12;
    for (let round = 0; round < 600; round++) {
      see(method, `${round}`);
      await clock.advance(100);
    }
    expect(registrar.status()).toMatchObject({ phase: 'registered', epoch: 1 });
    expectBearablePace('endpoints', 'addresses');
    expectBearablePace('service', 'instance');
    // At worst a heartbeat waits until a question is allowed again.
    const beats = backend.of('heartbeat').map(({ at }) => at);
    beats.slice(1).forEach((at, index) => expect(at - beats[index]!).toBeLessThanOrEqual(3_000 + 5_000));
    expect(dictionaryOf(method).counts()).toEqual({ known: 1, pending: 599, refused: 0 });
    await clock.advance(10_000);
    expect(registrar.isSound).toBe(true);
  });

  it('never makes us hurry, though the backend numbers names anew with every answer', async () => {
    let next = 0;
    backend.numbering = () => 12 + (next++ % 2);
    for (let round = 0; round < 600; round++) {
      see(method, 'a', 'b', 'c');
      await clock.advance(100);
    }
    expect(registrar.status().epoch).toBeGreaterThan(2);
    expectBearablePace('endpoints', 'addresses');
    expectBearablePace('service', 'instance');
  });
});

it('an endpoint and a network address may have the same id: they are numbered apart', async () => {
  backend.numbering = () => 12;
  see('endpoints', '/orders');
  see('addresses', 'db:3306');
  await clock.advance(1_000);
  expect([registrar.endpoints.known('/orders'), registrar.networkAddresses.known('db:3306')]).toEqual([12, 12]);
  expect(backend.of('endpoints')).toHaveLength(1);
  expect(backend.of('addresses')).toHaveLength(1);
  expect(registrar.isSound).toBe(true);
});

it('two names with one id are a matter that is settled before any other name is asked for', async () => {
  await clock.advance(1_000);
  backend.numbering = () => 12;
  see('endpoints', 'a', 'b');
  see('addresses', 'a', 'b');
  backend.calls = [];
  await clock.advance(500);
  const [first, second] = kinds.map(([, any]) => backend.calls.findIndex((call) => call.method === any));
  const between = backend.calls.slice(Math.min(first!, second!), Math.max(first!, second!));
  expect(between.map((call) => call.method)).toEqual([between[0]!.method, 'service', 'instance', between[0]!.method]);
});
