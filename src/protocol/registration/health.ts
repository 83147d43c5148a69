import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';

export interface HealthStatus {
  /** When the backend last answered, ISO 8601; null: not yet. */
  readonly lastOkAt: string | null;
  /** Turns of the loop in a row that failed: connecting, TLS, detection and registration as well as heartbeats. */
  readonly failures: number;
  /** The last failure's words; null after a success. */
  readonly lastError: string | null;
}

/** How the conversation with the backend goes. */
export class Health {
  private lastOkAt: number | undefined;
  private failures = 0;
  private lastError: string | null = null;

  constructor(private readonly clock: Clock) {}

  ok(): void {
    this.lastOkAt = this.clock.now();
    this.failures = 0;
    this.lastError = null;
  }

  failed(reason: string): void {
    this.failures++;
    this.lastError = reason;
  }

  status(): HealthStatus {
    const { lastOkAt, failures, lastError } = this;
    return { lastOkAt: lastOkAt === undefined ? null : toIso(lastOkAt), failures, lastError };
  }
}
