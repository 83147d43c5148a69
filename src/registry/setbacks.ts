import { Backoff } from '../base/backoff';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';

const ASK_AGAIN = { firstMs: 20, longestMs: 1_000 };
const RECONNECT = { firstMs: 100, longestMs: 5_000 };

const FAILURE = 'registrar failure';
/** Under these keys of the log stand the failures that are over once the backend knows us. */
export const REGISTRATION_FAILURES: readonly string[] = [FAILURE, 'ids lost', 'instance lost', 'other protocol'];

/** How long to wait after what went wrong. */
export class Setbacks {
  private readonly askAgain: Backoff;
  private readonly reconnect: Backoff;

  constructor(
    clock: Clock,
    private readonly log: Log,
    /** `status()` shows what went wrong. */
    private readonly onChange: () => void,
  ) {
    this.askAgain = new Backoff(clock, ASK_AGAIN);
    this.reconnect = new Backoff(clock, RECONNECT);
  }

  /** Milliseconds until the same question may be asked again: it was answered, but not yet with what we need. */
  notYet(): number {
    return this.askAgain.next();
  }

  /** Milliseconds. */
  refusedOrLost(outcome: Exclude<Outcome<unknown>, { status: 'ok' }>): number {
    if (outcome.status === 'retryable') return this.lost(outcome.reason);
    this.complain(outcome.reason);
    return this.askAgain.next();
  }

  /** Milliseconds. */
  lost(reason: string): number {
    this.complain(reason);
    return this.reconnect.next();
  }

  /** The connection was lost in between; nobody was asked. Milliseconds. */
  disconnected(): number {
    return this.reconnect.next();
  }

  /** The backend answers. */
  answered(): void {
    this.reconnect.reset();
  }

  /** What was asked for is there, or it is another backend. */
  progressed(): void {
    this.askAgain.reset();
  }

  private complain(reason: string): void {
    this.log.warn(`backend: ${reason}`, FAILURE);
    this.onChange();
  }
}
