import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { BackendOptions } from '../../transport/backend-options';
import { shouldFailOver, toOutcome } from '../../transport/call/grpc-status';
import type { StreamCall } from '../../transport/call/stream-call';
import { CALL_MS } from '../../transport/call/unary-call';
import type { Batch } from './batch';
import type { IdleProcessGuard } from '../../transport/idle-process-guard';
import type { BackendConnection } from '../../transport/backend-connection';

export interface StreamParts {
  readonly options: BackendOptions;
  readonly guest: IdleProcessGuard;
  readonly signal: AbortSignal;
}

/** Batches on their way: a `collect` of either protocol. */
export class SegmentStream {
  private hasWritten = false;
  private readonly onAbort = (): void => this.call.cancel('CANCELLED', 'given up');

  constructor(
    private readonly call: StreamCall,
    private readonly link: BackendConnection,
    /** Of what the backend was seen to know us by. */
    private readonly epoch: number,
    private readonly parts: StreamParts,
  ) {
    parts.signal.addEventListener('abort', this.onAbort);
    void call.ended.then(() => parts.signal.removeEventListener('abort', this.onAbort));
  }

  /** `false`: the backend saw none of it. */
  async write(batch: Pick<Batch, 'bytes' | 'matchesRegistration'>): Promise<boolean> {
    if (this.call.isOver || this.parts.options.names()?.epoch !== this.epoch || !batch.matchesRegistration)
      return false;
    this.hasWritten = true;
    const unwatch = this.parts.guest.guard(() => this.link.fail('nothing else kept the process up'));
    await this.within(this.call.write(batch.bytes));
    unwatch();
    return true;
  }

  async end(): Promise<Outcome<undefined>> {
    this.call.end();
    const { name, details, isUntouched } = await this.within(this.call.ended);
    if (shouldFailOver(name)) this.link.fail(`collect: ${name}`);
    if (name === 'OK') return ok(undefined);
    const outcome = toOutcome(name, details);
    if (isUntouched) return retryable(outcome.reason);
    // What got lost on the way may have been read before.
    return this.hasWritten ? failed(name, outcome.reason) : outcome;
  }

  /** The backend has so long to take more, or to answer. */
  private async within<T>(waiting: Promise<T>): Promise<T> {
    const { clock } = this.parts.options;
    // No `limit`: an AbortController costs as much as encoding dozens of segments.
    const giveUp = (): void => this.call.cancel('DEADLINE_EXCEEDED', `no answer within ${CALL_MS} ms`);
    const timer = clock.after(CALL_MS, giveUp);
    const result = await waiting;
    timer.cancel();
    return result;
  }
}
