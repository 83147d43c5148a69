import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { Backoff } from '../../base/loop';
import { isPlanned, type Outcome } from '../../base/outcome';

const ASK_AGAIN = { firstMs: 20, longestMs: 2_000 };
export const RECONNECT = { firstMs: 100, longestMs: 5_000 };

/** Under these keys of the log stand the failures that are over once the backend knows us. */
export const FAILURE_KEYS = {
  call: 'registrar failure',
  idsLost: 'ids lost',
  instanceLost: 'instance lost',
  otherProtocol: 'other protocol',
} as const;

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
    if (outcome.status === 'retryable') return this.delayWithoutAnswer(outcome.reason);
    this.complain(outcome.reason);
    return this.askAgain.next();
  }

  /** There is no backend to ask, or its answer got lost. Milliseconds. */
  delayWithoutAnswer(reason: string): number {
    this.complain(reason);
    return this.reconnect.next();
  }

  /** The connection was lost while no backend was being asked. Milliseconds. */
  delayAfterDisconnect(): number {
    return this.reconnect.next();
  }

  /** The backend answers. */
  answered(): void {
    this.reconnect.reset();
  }

  /** Nothing is pending any more: what was asked for is there, or it is another backend. */
  settled(): void {
    this.askAgain.reset();
  }

  private complain(reason: string): void {
    this.log.warn(`backend: ${reason}`, FAILURE_KEYS.call);
    this.onFailure(reason);
  }
}
