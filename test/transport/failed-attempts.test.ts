import { channel } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../../src/base/clock';
import { LoadError } from '../../src/base/lazy';
import { badBackends } from '../support/bad-backends';
import { until } from '../support/until';
import { Backends, clockOfSpeed } from '../support/wire/backends';

const ATTEMPTS = 25;
const NAME = { serviceName: 'orders', instanceName: 'orders-1' };

/** The timers of a fast clock that were made, and neither came nor were taken back. */
function countingClock(): { clock: Clock; pending: Set<object> } {
  const fast = clockOfSpeed(200);
  const pending = new Set<object>();
  const after: Clock['after'] = (ms, fn) => {
    const timer = fast.after(ms, () => {
      pending.delete(timer);
      fn();
    });
    pending.add(timer);
    return {
      cancel: () => {
        pending.delete(timer);
        timer.cancel();
      },
    };
  };
  return { clock: { ...fast, after }, pending };
}

const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describe.each(Object.entries(badBackends))('attempts to connect where %s', (_what, open) => {
  it('leave nothing behind: no listener, no timer, no socket, no watch', async () => {
    const backends = new Backends();
    const bad = await open();
    const { clock, pending } = countingClock();
    const { signal } = new AbortController();
    const warned: string[] = [];
    const onWarning = ({ message }: Error): void => void warned.push(message);
    process.on('warning', onWarning);
    const before = openSockets();
    const backend = backends.to(Number(bad.address.split(':')[1]), { clock, protocol: 'v3' });
    for (let n = 0; n < ATTEMPTS; n++) {
      const outcome = await backend.api.connect(signal);
      if (outcome.status === 'ok') await backend.api.v3.keepAlive(NAME, signal);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      if (outcome.status !== 'ok') expect(pending.size).toBe(0);
    }
    await backends.close();
    await until(() => !bad.isConnected());
    await bad.close();
    await until(() => openSockets() <= before && pending.size === 0);
    expect(channel('net.client.socket').hasSubscribers).toBe(false);
    process.off('warning', onWarning);
    // Node.js says so where a listener hears of too many listeners.
    expect(warned).toEqual([]);
  });
});

describe('an attempt to connect that failed', () => {
  it('is not held, nor is its signal', async () => {
    const gc = (globalThis as { gc?: () => void }).gc ?? exposedGc();
    const backends = new Backends();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backend = backends.to((server.address() as AddressInfo).port, { clock: clockOfSpeed(1_000) });
    const signals: WeakRef<AbortSignal>[] = [];
    const attempt = async (): Promise<void> => {
      const { signal } = new AbortController();
      signals.push(new WeakRef(signal));
      await backend.api.connect(signal);
    };
    for (let n = 0; n < 50; n++) await attempt();
    const alive = (): number => {
      gc();
      return signals.filter((signal) => signal.deref()).length;
    };
    // The last one may be on the stack.
    await until(alive, (count) => count <= 1);
    await backends.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

function exposedGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

it.each([
  ['is told of where a package is missing', undefined, 1],
  ['is an attempt like others where no descriptor is left', 'EMFILE', 0],
])('an attempt to connect for which not all can be loaded %s', async (_, code, told) => {
  const backends = new Backends();
  const fault = new LoadError('it cannot be loaded', { cause: Object.assign(new Error('it is not there'), { code }) });
  const backend = backends.to(1, { renewCredentials: () => Promise.reject(fault) });
  const outcome = await backend.api.connect(new AbortController().signal);
  expect(outcome).toMatchObject({ status: 'retryable' });
  expect(backends.loadErrors).toHaveLength(told);
  await backends.close();
});
