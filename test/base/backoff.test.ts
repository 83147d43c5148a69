import { Backoff } from '../../src/base/loop';
import { FakeClock } from '../support/fake-clock';

describe('a backoff', () => {
  it('doubles up to the longest delay and stays there', () => {
    const backoff = new Backoff(new FakeClock(), { firstMs: 20, longestMs: 1_000 });
    expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000]);
  });

  it.each([
    [0, 16, 1_000 * 0.8],
    [0.9999, 24, 1_000],
  ])('is jittered by up to a fifth, never above the longest (chance %p)', (chance, first, last) => {
    const clock = new FakeClock();
    clock.chance = chance;
    const backoff = new Backoff(clock, { firstMs: 20, longestMs: 1_000 });
    expect(backoff.next()).toBeCloseTo(first, 1);
    for (let attempt = 0; attempt < 5_000; attempt++) backoff.next();
    expect(backoff.next()).toBeLessThanOrEqual(1_000);
    expect(backoff.next()).toBeGreaterThanOrEqual(last);
  });

  it('starts over after a reset', () => {
    const backoff = new Backoff(new FakeClock(), { firstMs: 20, longestMs: 1_000 });
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(20);
  });
});
