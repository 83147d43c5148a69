import { Backoff } from '../../src/base/loop';
import { FakeClock } from '../support/fake-clock';

describe('a backoff', () => {
  it('doubles up to the longest delay, and then stays between half of it and all of it', () => {
    const backoff = new Backoff(new FakeClock(), { firstMs: 20, longestMs: 1_000 });
    expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([20, 40, 80, 160, 320, 640, 750, 750]);
  });

  it.each([
    [0, 16, 500],
    [0.9999, 24, 1_000],
  ])('is jittered by up to a fifth, and at the longest by half of it (chance %p)', (chance, first, last) => {
    const clock = new FakeClock();
    clock.chance = chance;
    const backoff = new Backoff(clock, { firstMs: 20, longestMs: 1_000 });
    expect(backoff.next()).toBeCloseTo(first, 1);
    for (let attempt = 0; attempt < 5_000; attempt++) backoff.next();
    expect(backoff.next()).toBeCloseTo(last, 0);
  });

  it('starts over after a reset', () => {
    const backoff = new Backoff(new FakeClock(), { firstMs: 20, longestMs: 1_000 });
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(20);
  });
});
