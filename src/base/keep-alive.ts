import timers from 'node:timers';

// Node's own, whatever the application puts in their place: see clock.ts.
const { clearInterval, clearTimeout, setInterval, setTimeout } = timers;

/**
 * Holds the process up for a bounded time, so that what was just traced can still be sent. Opening an open door does
 * not keep it open longer.
 */
export class KeepAlive {
  private timer: NodeJS.Timeout | undefined;

  get isHeld(): boolean {
    return this.timer !== undefined;
  }

  hold(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
    }, ms);
  }

  release(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

const HOUR_MS = 3_600_000;

/**
 * Keeps the process up until `promise` settles: for the promises that the application itself awaits
 * (`ready`, `reset`, `flush`, `stop`). All our timers are unref'd, and a top-level `await` on such a timer would end
 * the process with exit code 13.
 */
export async function keepAliveWhile<T>(promise: Promise<T>): Promise<T> {
  const door = setInterval(() => undefined, HOUR_MS);
  try {
    return await promise;
  } finally {
    clearInterval(door);
  }
}
