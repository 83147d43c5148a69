'use strict';

/** A clock that goes `factor` times as fast as time does. */
function squeezedClock(factor) {
  const startedAt = Date.now();
  const elapsed = () => performance.now() * factor;
  const first = elapsed();
  return {
    now: () => Math.floor(startedAt + elapsed() - first),
    elapsed,
    random: () => Math.random(),
    after(ms, fn) {
      const timer = setTimeout(fn, Math.min(ms / factor, 2 ** 31 - 1)).unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

module.exports = { squeezedClock };
