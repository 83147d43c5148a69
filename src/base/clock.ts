/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/**
 * Where time and chance come from. Everything that waits, dates or rolls dice takes one by its constructor, so that
 * tests advance a fake one and never sleep.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds since some fixed moment; never jumps. For every duration. */
  elapsed(): number;
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** Runs `fn` once, after `ms` milliseconds. Never keeps the process alive. */
  after(ms: number, fn: () => void): Timer;
}

/** The longest delay that a Node timer takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The real clock: the only place in the project that makes timers, so the only one that has to unref them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_MS)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Stands still, and the whole process with it: for its very end, when nothing runs any more that could be waited for. */
export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
