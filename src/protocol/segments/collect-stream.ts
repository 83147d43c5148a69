import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { Clock } from '../../base/clock';
import type { SegmentStream } from '../../export/ports';
import { shouldFailOver, toOutcome } from '../../transport/call/grpc-status';
import type { StreamCall } from '../../transport/call/stream-call';
import { CALL_MS } from '../../transport/call/unary-call';
import type { IdleProcessGuard } from '../../transport/idle-process-guard';
import type { BackendConnection } from '../../transport/backend-connection';

interface CollectStreamParts {
  readonly clock: Clock;
  readonly guest: IdleProcessGuard;
  readonly signal: AbortSignal;
}

/** A `collect` of either protocol. */
export class CollectStream implements SegmentStream {
  private hasWritten = false;
  private readonly onAbort = (): void => this.call.cancel('CANCELLED', 'given up');

  constructor(
    private readonly call: StreamCall,
    private readonly link: BackendConnection,
    private readonly parts: CollectStreamParts,
  ) {
    parts.signal.addEventListener('abort', this.onAbort);
    void call.ended.then(() => parts.signal.removeEventListener('abort', this.onAbort));
  }

  /** `false`: the backend saw none of it. */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.call.isOver) return false;
    this.hasWritten = true;
    const unwatch = this.parts.guest.guard(() => this.link.fail('nothing else kept the process up'));
    await this.within(this.call.write(bytes));
    unwatch();
    return true;
  }

  async end(): Promise<Outcome<undefined>> {
    this.call.end();
    const { name, details, isAnswered, isUntouched } = await this.within(this.call.ended);
    if (shouldFailOver(name)) this.link.fail(`collect: ${name}`);
    if (name === 'OK') return ok(undefined);
    const outcome = toOutcome(name, details);
    if (isUntouched) return retryable(outcome.reason);
    // What got lost on the way may have been read before.
    if (!this.hasWritten) return outcome;
    const failure = failed(name, outcome.reason);
    return isAnswered ? failure : { ...failure, isUnanswered: true };
  }

  /** The backend has so long to take more, or to answer. */
  private async within<T>(waiting: Promise<T>): Promise<T> {
    const { clock } = this.parts;
    // No `limit`: an AbortController costs as much as encoding dozens of segments.
    const giveUp = (): void => this.call.cancel('DEADLINE_EXCEEDED', `no answer within ${CALL_MS} ms`);
    const timer = clock.after(CALL_MS, giveUp);
    const result = await waiting;
    timer.cancel();
    return result;
  }
}
