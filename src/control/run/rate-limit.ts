import type { Clock } from '../../base/clock';

export interface CommandRateLimitOptions {
  /** So many at once … */
  readonly burst: number;
  /** … and then one in so many milliseconds. */
  readonly everyMs: number;
}

/** A bucket of permissions that fills up again with time. */
export class CommandRateLimit {
  private left: number;
  private countedAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly options: CommandRateLimitOptions,
  ) {
    this.left = options.burst;
    this.countedAt = clock.elapsed();
  }

  /** Milliseconds until there is a permission; 0: now. */
  waitMs(): number {
    this.fill();
    return this.left >= 1 ? 0 : Math.ceil((1 - this.left) * this.options.everyMs);
  }

  /** A permission is used. */
  note(): void {
    this.fill();
    this.left--;
  }

  private fill(): void {
    const { burst, everyMs } = this.options;
    const now = this.clock.elapsed();
    this.left = Math.min(burst, this.left + (now - this.countedAt) / everyMs);
    this.countedAt = now;
  }
}
