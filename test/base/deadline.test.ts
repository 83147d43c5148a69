import { startDeadline } from '../../src/base/deadline';
import { FakeClock } from '../support/fake-clock';

describe('a limit', () => {
  const clock = new FakeClock();
  const abortsOf = (signal: AbortSignal): jest.SpyInstance => jest.spyOn(signal, 'removeEventListener');

  it('aborts when the time is up', async () => {
    const bound = startDeadline(clock, 100);
    await clock.advance(99);
    expect(bound.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(bound).toMatchObject({ timedOut: true, reason: 'no answer within 100 ms' });
    expect(bound.signal.aborted).toBe(true);
  });

  it('aborts when one of those who asked gives up, also if one had before', () => {
    const [early, late] = [new AbortController(), new AbortController()];
    const bound = startDeadline(clock, 100, early.signal, late.signal);
    late.abort(new Error('enough'));
    expect(bound).toMatchObject({ timedOut: false, reason: 'enough' });
    expect(bound.signal.aborted).toBe(true);
    expect(startDeadline(clock, 100, early.signal, late.signal).signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing behind once it is lifted', async () => {
    const controller = new AbortController();
    const removed = abortsOf(controller.signal);
    const bound = startDeadline(clock, 100, controller.signal);
    expect(clock.pending).toBe(1);
    bound.dispose();
    expect(clock.pending).toBe(0);
    expect(removed).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(bound.signal.aborted).toBe(false);
  });
});
