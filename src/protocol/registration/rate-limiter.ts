import type { Clock } from '../../base/clock';

interface RateLimiterOptions {
  /** The most questions … */
  readonly most: number;
  /** … in any window of this length. */
  readonly windowMs: number;
}

/** Keeps a backend from being asked too often, whatever state we are in and however often it changes. */
export class RateLimiter {
  private readonly times: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly options: RateLimiterOptions,
  ) {}

  /** Milliseconds until the next question is allowed, or that many in a row; 0: now. */
  waitMs(questions = 1): number {
    const { most, windowMs } = this.options;
    const oldest = this.times[this.times.length - most + questions - 1];
    return oldest === undefined ? 0 : Math.max(0, oldest + windowMs - this.clock.elapsed());
  }

  /** A question is asked now. */
  acquire(): void {
    this.times.push(this.clock.elapsed());
    if (this.times.length > this.options.most) this.times.shift();
  }
}
