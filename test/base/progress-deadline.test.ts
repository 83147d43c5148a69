import { ProgressDeadline } from '../../src/base/deadline';
import { FakeClock } from '../support/fake-clock';

describe('patience', () => {
  const patienceOf = (clock: FakeClock, onOver?: () => void): ProgressDeadline =>
    new ProgressDeadline({ clock, idleMs: 2_000, totalMs: 10_000, ...(onOver && { onOver }) });

  it('is over when nothing moves for so long, and says so once', async () => {
    const clock = new FakeClock();
    const onOver = jest.fn();
    const patience = patienceOf(clock, onOver);
    await clock.advance(1_990);
    expect(patience.isOver).toBe(false);
    await clock.advance(20);
    expect(patience.isOver).toBe(true);
    patience.renew();
    await clock.advance(20_000);
    expect(patience.isOver).toBe(true);
    expect(onOver).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it('lasts while something moves, but not for ever', async () => {
    const clock = new FakeClock();
    const patience = patienceOf(clock);
    for (let elapsedMs = 0; elapsedMs < 9_500; elapsedMs += 500) {
      await clock.advance(500);
      patience.renew();
      expect(patience.isOver).toBe(false);
    }
    await clock.advance(600);
    expect(patience.isOver).toBe(true);
  });

  it('does not run out while the process stands still', async () => {
    const clock = new FakeClock();
    const patience = patienceOf(clock);
    const { elapsed } = clock;
    clock.elapsed = () => elapsed.call(clock) + 60_000;
    await clock.advance(1_900);
    expect(patience.isOver).toBe(false);
  });

  it('leaves no timer behind when it is not needed any more', () => {
    const clock = new FakeClock();
    patienceOf(clock).end();
    expect(clock.pending).toBe(0);
  });
});
