import timers from 'node:timers';

/** A timer that can be cancelled. */
export interface Timer {
  cancel(): void;
}

/**
 * Where time and chance come from. What waits, dates or draws random numbers gets a clock by its constructor, so that
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
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/*
 * As they were before the application could put others in their place: the global timers of a DOM (happy-dom, jsdom) give
 * numbers, which cannot be unref'd, and those of a fake clock go as a test likes.
 */
const { clearInterval, clearTimeout, setInterval, setTimeout } = timers;
export const { setImmediate } = timers;
const now = Date.now.bind(Date);
/** As fast as `performance.now()`, and a look at `performance` loads eight modules of Node's. */
const { hrtime } = process;

function elapsed(): number {
  const [seconds, nanos] = hrtime();
  return seconds * 1e3 + nanos / 1e6;
}

/** The real clock. Its timers are unref'd; only `KeepAlive` and `keepAliveWhile()` hold the process up, on purpose. */
export const systemClock: Clock = {
  now,
  elapsed,
  random: () => Math.random(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_TIMER_MS)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Blocks the whole process: for its very end, when no asynchronous work runs any more. */
export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Holds the process up for a bounded time, so that what was just traced can still be sent. While it is held, a second
 * `hold()` changes nothing.
 *
 * A timer of the application's of the same length may go off with ours, and trace, each time. The first time, the process
 * is held up again at once; from then on a turn of the event loop later, which there is none of where nothing else is alive.
 */
export class KeepAlive {
  private timer: NodeJS.Timeout | undefined;
  private isRunningOut = false;
  private isProlonged = false;

  get isHeld(): boolean {
    return this.timer !== undefined;
  }

  hold(ms: number): void {
    if (this.timer) return;
    // Not made in `setImmediate` below: a timer made there would inherit, and keep, the scope of the hold before.
    this.timer = setTimeout(() => this.runOut(), ms);
    if (!this.isRunningOut) return;
    if (this.isProlonged) this.timer.unref();
    else this.isProlonged = true;
  }

  release(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isProlonged = false;
  }

  private runOut(): void {
    this.timer = undefined;
    this.isRunningOut = true;
    setImmediate(() => {
      this.isRunningOut = false;
      if (this.timer) this.timer.ref();
      else this.isProlonged = false;
    }).unref();
  }
}

const HOUR_MS = 3_600_000;

/**
 * Keeps the process up until `promise` settles: for the promises that the application itself awaits
 * (`ready`, `reset`, `flush`, `stop`). All our timers are unref'd, and a top-level `await` on such a timer would end
 * the process with exit code 13.
 */
export async function keepAliveWhile<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, HOUR_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
