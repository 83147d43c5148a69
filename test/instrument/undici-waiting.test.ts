import { UndiciQueueTracker } from '../../src/instrument/undici/undici-context';
import { untraced } from '../../src/tracing/context';

describe('what is known of the calls that wait in a pool', () => {
  it('is never more than the pool says there are, the newest of them', () => {
    const waiting = new UndiciQueueTracker();
    const pool = { stats: { queued: 1 } };
    const options = {};
    waiting.add(options, pool, untraced);
    // That one went on through something that was put together before we were there.
    waiting.add(options, pool, null);
    pool.stats.queued = 0;
    expect(waiting.take(options)).toBe(null);
    expect(waiting.take(options)).toBe(undefined);
  });

  it('is nothing of a dispatcher that breaks when it is asked', () => {
    const waiting = new UndiciQueueTracker();
    const options = {};
    const pool = {
      get stats(): never {
        throw new Error('mine');
      },
    };
    waiting.add(options, pool, null);
    expect(waiting.take(options)).toBe(undefined);
  });
});
