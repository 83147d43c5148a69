import { createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock, type Clock } from '../../src/base/clock';
import type { Backend } from '../../src/protocol/backend';
import { ConnectionPace } from '../../src/transport/connector';
import { FakeClock } from '../support/fake-clock';
import { Backends, never } from '../support/wire/backends';
import { until } from '../support/until';

const sockets: Socket[] = [];
const server = createServer()
  .on('connection', (socket: Socket) => sockets.push(socket.on('error', () => undefined)))
  .on('sessionError', () => undefined);

const backends = new Backends();

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  await backends.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** Stands still; takes the timers that are made while it holds, and lets none come. */
class HoldingClock implements Clock {
  readonly held: { readonly ms: number; readonly fn: () => void }[] = [];
  isHolding = false;
  readonly now = systemClock.now;
  readonly random = systemClock.random;

  elapsed(): number {
    return 0;
  }

  /** What is waited for between two connections. */
  pauses() {
    return this.held.filter(({ ms }) => ms === 3_000);
  }

  after(ms: number, fn: () => void) {
    if (!this.isHolding) return systemClock.after(ms, fn);
    this.held.push({ ms, fn });
    return { cancel: () => undefined };
  }
}

/** Each connection is made, and broken at once. */
async function loseTen(backend: Backend): Promise<void> {
  let lost = 0;
  backend.onDisconnect(() => lost++);
  for (let made = 1; made <= 10; made++) {
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(
      () => lost,
      (count) => count === made,
    );
  }
}

describe('a backend whose connections can be made and do not last', () => {
  it('is connected to ten times in a row, and then waited for', async () => {
    const clock = new HoldingClock();
    const backend = backends.to((server.address() as AddressInfo).port, { clock });
    await loseTen(backend);
    clock.isHolding = true;
    const next = backend.api.connect(never);
    const [pause] = await until(
      () => clock.pauses(),
      ({ length }) => length > 0,
    );
    expect(sockets).toEqual([]);
    clock.isHolding = false;
    pause!.fn();
    expect(await next).toMatchObject({ status: 'ok' });
  });

  it('is waited for no longer than the agent runs', async () => {
    const clock = new HoldingClock();
    const backend = backends.to((server.address() as AddressInfo).port, { clock });
    await loseTen(backend);
    clock.isHolding = true;
    const stop = new AbortController();
    const next = backend.api.connect(stop.signal);
    await until(() => clock.pauses().length > 0);
    stop.abort(new Error('the agent stops'));
    expect(await next).toMatchObject({ status: 'retryable', reason: expect.stringContaining('the agent stops') });
    expect(sockets).toEqual([]);
  });
});

describe('the pace of connections', () => {
  it('is ten at once and, however they end, one in three seconds in the long run', async () => {
    const clock = new FakeClock();
    const pace = new ConnectionPace(clock);
    const made: number[] = [];
    while (clock.elapsed() < 60_000) {
      await clock.advance(pace.waitMs());
      pace.acquire();
      made.push(clock.elapsed());
      await clock.advance(100);
    }
    expect(made.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, n) => n * 100));
    expect(made.slice(-5).map((at, n, all) => at - (all[n - 1] ?? at - 3_000))).toEqual(Array(5).fill(3_000));
    expect(made.length).toBe(30);
  });

  it('has no memory of connections that lasted', async () => {
    const clock = new FakeClock();
    const pace = new ConnectionPace(clock);
    for (let n = 0; n < 10; n++) pace.acquire();
    expect(pace.waitMs()).toBe(3_000);
    await clock.advance(30_000);
    expect(pace.waitMs()).toBe(0);
  });
});
