import { failed, ok, retryable, type Outcome } from '../base/outcome';
import type { BackendOptions } from './backend-options';
import { isRepellent, refusal } from './call/grpc-status';
import type { StreamCall } from './call/stream-call';
import { CALL_MS } from './call/unary-call';
import type { Batch } from './encode/batch';
import type { LastGuest } from './link/last-guest';
import type { Link } from './link/link';

export interface StreamParts {
  readonly options: BackendOptions;
  readonly guest: LastGuest;
  readonly signal: AbortSignal;
}

/** Batches on their way: a `collect` of either protocol. */
export class SegmentStream {
  private hasWritten = false;
  private readonly onAbort = (): void => this.call.cancel('CANCELLED', 'given up');

  constructor(
    private readonly call: StreamCall,
    private readonly link: Link,
    /** Of what the backend was seen to know us by. */
    private readonly epoch: number,
    private readonly parts: StreamParts,
  ) {
    parts.signal.addEventListener('abort', this.onAbort);
    void call.ended.then(() => parts.signal.removeEventListener('abort', this.onAbort));
  }

  /** `false`: the backend saw none of it. */
  async write(batch: Pick<Batch, 'bytes' | 'isCurrent'>): Promise<boolean> {
    if (this.call.isOver || this.parts.options.names()?.epoch !== this.epoch || !batch.isCurrent) return false;
    this.hasWritten = true;
    const unwatch = this.parts.guest.watch(() => this.link.lose('nothing else kept the process up'));
    await this.within(this.call.write(batch.bytes));
    unwatch();
    return true;
  }

  async end(): Promise<Outcome<undefined>> {
    this.call.end();
    const { name, details, isUntouched } = await this.within(this.call.ended);
    if (isRepellent(name)) this.link.lose(`collect: ${name}`);
    if (name === 'OK') return ok(undefined);
    const outcome = refusal(name, details);
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
