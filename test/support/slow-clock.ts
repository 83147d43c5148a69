import { systemClock, type Clock } from '../../src/base/clock';

/**
 * A clock by which the machine is that much quicker: where one way takes milliseconds and another one seconds, the
 * difference is left however busy the machine is. Its date is the real one.
 */
export function slowClock(factor: number): Clock {
  return {
    ...systemClock,
    elapsed: () => systemClock.elapsed() / factor,
    after: (ms, fn) => systemClock.after(ms * factor, fn),
  };
}
