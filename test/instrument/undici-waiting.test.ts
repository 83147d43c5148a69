import { UndiciQueueTracker } from '../../src/instrument/undici/undici-context';
import { context, untraced } from '../../src/tracing/context';

describe('what is known of the calls that wait in a pool', () => {
  it('is of each call alone, though all have the same options and the same handler', () => {
    const waiting = new UndiciQueueTracker();
    const [opts, handler] = [{}, {}];
    const [first, second] = [
      { opts, handler },
      { opts, handler },
    ];
    context.run(untraced, () => waiting.pushed(first));
    waiting.pushed(second);
    waiting.shifted(second);
    expect(waiting.take(opts, handler)).toBe(null);
    waiting.shifted(first);
    expect(waiting.take(opts, handler)).toBe(untraced);
  });

  it('is nothing of a call that has not waited, whatever has left a queue before', () => {
    const waiting = new UndiciQueueTracker();
    const [opts, handler] = [{}, {}];
    expect(waiting.take(undefined, undefined)).toBe(undefined);
    // That one went into its queue before we were there.
    waiting.shifted({ opts, handler });
    expect(waiting.take(opts, handler)).toBe(undefined);
    const call = { opts, handler };
    waiting.pushed(call);
    waiting.shifted(call);
    expect(waiting.take(opts, {})).toBe(undefined);
    expect(waiting.take({}, handler)).toBe(undefined);
    expect(waiting.take(opts, handler)).toBe(null);
    expect(waiting.take(opts, handler)).toBe(undefined);
  });

  it('is over where a pool has emptied its queue without letting its calls go on', () => {
    const waiting = new UndiciQueueTracker();
    const call = { opts: {}, handler: {} };
    waiting.pushed(call);
    waiting.shifted(call);
    waiting.shifted(null);
    expect(waiting.take(call.opts, call.handler)).toBe(undefined);
  });

  it.each([null, undefined, 'a frame', { promise: null, callback: null, frame: 'of a WebSocket' }])(
    'is nothing where a queue holds something else: %p',
    (item) => {
      const waiting = new UndiciQueueTracker();
      waiting.pushed(item);
      waiting.shifted(item);
      expect(waiting.take(undefined, undefined)).toBe(undefined);
    },
  );
});
