import { ProgressDeadline, startDeadline } from '../../src/base/deadline';
import { FakeClock } from '../support/fake-clock';

describe('a deadline', () => {
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

describe('a progress deadline', () => {
  const deadlineOf = (clock: FakeClock, onOver?: () => void): ProgressDeadline =>
    new ProgressDeadline({ clock, idleMs: 2_000, totalMs: 10_000, ...(onOver && { onOver }) });

  it('is over when nothing moves for so long, and says so once', async () => {
    const clock = new FakeClock();
    const onOver = jest.fn();
    const deadline = deadlineOf(clock, onOver);
    await clock.advance(1_990);
    expect(deadline.isOver).toBe(false);
    await clock.advance(20);
    expect(deadline.isOver).toBe(true);
    deadline.renew();
    await clock.advance(20_000);
    expect(deadline.isOver).toBe(true);
    expect(onOver).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it('lasts while something moves, but not for ever', async () => {
    const clock = new FakeClock();
    const deadline = deadlineOf(clock);
    for (let elapsedMs = 0; elapsedMs < 9_500; elapsedMs += 500) {
      await clock.advance(500);
      deadline.renew();
      expect(deadline.isOver).toBe(false);
    }
    await clock.advance(600);
    expect(deadline.isOver).toBe(true);
  });

  it('does not run out while the process stands still', async () => {
    const clock = new FakeClock();
    const deadline = deadlineOf(clock);
    const { elapsed } = clock;
    clock.elapsed = () => elapsed.call(clock) + 60_000;
    await clock.advance(1_900);
    expect(deadline.isOver).toBe(false);
  });

  it('leaves no timer behind when it is not needed any more', () => {
    const clock = new FakeClock();
    deadlineOf(clock).end();
    expect(clock.pending).toBe(0);
  });
});
