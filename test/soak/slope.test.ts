import { riseOf } from './slope';

describe('what rises over a run', () => {
  it('is seen through noise, and noise alone is none', () => {
    const noise = (x: number): number => ((x * 7919) % 100) - 50;
    const points = (slope: number) => Array.from({ length: 200 }, (_, x) => [x, slope * x + noise(x)] as const);
    expect(riseOf(points(10))).toBeGreaterThan(1_900);
    expect(riseOf(points(10))).toBeLessThan(2_100);
    expect(Math.abs(riseOf(points(0)))).toBeLessThan(100);
  });

  it('is nothing where there are too few samples, or all are of one moment', () => {
    expect(riseOf([[1, 5]])).toBe(0);
    expect(riseOf([[1, 5], [1, 9]])).toBe(0); // prettier-ignore
  });
});
