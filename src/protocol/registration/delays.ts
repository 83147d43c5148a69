import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { Backoff } from '../../base/loop';
import { isPlanned, type Outcome } from '../../base/outcome';

const ASK_AGAIN = { firstMs: 20, longestMs: 2_000 };
const RECONNECT = { firstMs: 100, longestMs: 5_000 };

const FAILURE = 'registrar failure';
/** Under these keys of the log stand the failures that are over once the backend knows us. */
export const REGISTRATION_FAILURES: readonly string[] = [FAILURE, 'ids lost', 'instance lost', 'other protocol'];

/** How long to wait after what went wrong. */
export class RetryPolicy {
  private readonly askAgain: Backoff;
  private readonly reconnect: Backoff;

  constructor(
    clock: Clock,
    private readonly log: Log,
    /** `status()` shows what went wrong. */
    private readonly onFailure: (reason: string) => void,
  ) {
    this.askAgain = new Backoff(clock, ASK_AGAIN);
    this.reconnect = new Backoff(clock, RECONNECT);
  }

  /** Milliseconds until the same question may be asked again: it was answered, but not yet with what we need. */
  delayWhilePending(): number {
    return this.askAgain.next();
  }

  /** Milliseconds. */
  delayAfter(outcome: Exclude<Outcome<unknown>, { status: 'ok' }>): number {
    if (isPlanned(outcome)) return this.reconnect.next();
    if (outcome.status === 'retryable') return this.delayAfterLoss(outcome.reason);
    this.complain(outcome.reason);
    return this.askAgain.next();
  }

  /** Milliseconds. */
  delayAfterLoss(reason: string): number {
    this.complain(reason);
    return this.reconnect.next();
  }

  /** The connection was lost in between; no backend was asked. Milliseconds. */
  disconnected(): number {
    return this.reconnect.next();
  }

  /** The backend answers. */
  answered(): void {
    this.reconnect.reset();
  }

  /** What was asked for is there, or it is another backend. */
  reset(): void {
    this.askAgain.reset();
  }

  private complain(reason: string): void {
    this.log.warn(`backend: ${reason}`, FAILURE);
    this.onFailure(reason);
  }
}

/** When the next heartbeat is due. */
export class HeartbeatTimer {
  private dueAt = 0;
  private isApart = false;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {}

  /** Milliseconds; 0: now. */
  dueInMs(): number {
    return Math.max(0, this.dueAt - this.clock.elapsed());
  }

  /** One is on its way. */
  sent(): void {
    this.dueAt = this.clock.elapsed() + this.everyMs * (this.isApart ? 1 : this.clock.random());
    this.isApart = true;
  }

  /**
   * A connection was made, perhaps by all agents of a backend at one moment. The next period is cut to a random part of
   * it, so that their heartbeats come apart.
   */
  connected(): void {
    this.isApart = false;
  }

  dueNow(): void {
    this.dueAt = this.clock.elapsed();
  }
}
