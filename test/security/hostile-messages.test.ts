import { channel } from 'node:diagnostics_channel';
import { scopedChannel } from '../../src/instrument/tracing-channel';
import { subscribeTo } from '../../src/instrument/subscribe';

const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

/** Node throws what a subscriber throws in the next tick, where nothing of the application's catches it. */
const inNextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a message on a diagnostics channel that is none of its library', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a proxy that was revoked', revoked],
  ])('ends nothing when it reaches a subscriber or a scope: %s', async (_what, message) => {
    let heard = 0;
    const read = (given: unknown): void => {
      heard++;
      expect((given as { socket: unknown }).socket).toBeUndefined();
    };
    const unheard = subscribeTo('skyanchor.test', read);
    const unscoped = scopedChannel('skyanchor.test');
    const calls: number[] = [];
    channel('skyanchor.test').publish(message);
    channel('tracing:skyanchor.test:start').publish(message);
    channel('tracing:skyanchor.test:asyncStart').runStores(message, () => void calls.push(7));
    await inNextTick();
    unheard();
    unscoped();
    channel('skyanchor.test').publish(message);
    expect([heard, calls]).toEqual([1, [7]]);
  });
});
