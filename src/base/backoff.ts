import type { Clock } from './clock';

interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Delays that double from `firstMs` to `longestMs`, each jittered by up to a fifth either way but never above the longest. */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: BackoffOptions,
  ) {}

  next(): number {
    const { firstMs, longestMs } = this.options;
    // 2 ** 30 is past every longest delay; the exponent is bounded so that days of failing stay finite.
    const plain = firstMs * 2 ** Math.min(this.attempts++, 30);
    return Math.min(longestMs, plain * (0.8 + 0.4 * this.clock.random()));
  }

  reset(): void {
    this.attempts = 0;
  }
}
