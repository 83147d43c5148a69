import { failed, ok, retryable, type Outcome } from '../base/outcome';
import type { Segment } from '../trace/segment';
import type { BackendOptions } from './backend-options';
import { isRepellent, refusal } from './call/grpc-status';
import { limit } from './call/limit';
import type { StreamCall } from './call/stream-call';
import { CALL_MS } from './call/unary-call';
import type { LastGuest } from './link/last-guest';
import type { Link } from './link/link';
import type { Names } from './names';
import type { SegmentRoute } from './segment-route';

/** So many segments, or bytes, are encoded at a stretch: well under a millisecond. Then the application has its turn. */
const CHUNK_SEGMENTS = 256;
const CHUNK_BYTES = 256 * 1024;

export interface StreamParts<N extends Names> {
  readonly route: SegmentRoute<N>;
  readonly options: BackendOptions;
  readonly guest: LastGuest;
  readonly signal: AbortSignal;
}

/** One batch on its way: a `collect` of either protocol. */
export class SegmentStream<N extends Names> {
  private hasWritten = false;
  private readonly onAbort = (): void => this.call.cancel('CANCELLED', 'given up');

  constructor(
    private readonly call: StreamCall,
    private readonly link: Link,
    /** What the backend knows us by: holds as long as its epoch does. */
    private readonly names: N,
    private readonly parts: StreamParts<N>,
  ) {
    parts.signal.addEventListener('abort', this.onAbort);
    void call.ended.then(() => parts.signal.removeEventListener('abort', this.onAbort));
  }

  /**
   * All of it is encoded before any of it is written: so `false` is certain to mean that the backend saw none of
   * these segments, also where there are so many that the ids change halfway.
   */
  async write(segments: readonly Segment[]): Promise<boolean> {
    const chunks: Buffer[] = [];
    for (let from = 0; from < segments.length;) {
      if (from > 0) await nextTurn();
      if (!this.isUseful()) return false;
      from = this.encode(segments, from);
      chunks.push(this.parts.route.encoder.take());
    }
    if (!this.isUseful()) return false;
    for (const chunk of chunks) await this.send(chunk);
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

  /** The names are still those that the stream was opened with, and it still takes something. */
  private isUseful(): boolean {
    return !this.call.isOver && this.parts.options.names()?.epoch === this.names.epoch;
  }

  /** @returns where to go on */
  private encode(segments: readonly Segment[], from: number): number {
    const { options } = this.parts;
    const { encoder } = this.parts.route;
    encoder.clear();
    const { refsLeftOut } = encoder;
    const end = Math.min(segments.length, from + CHUNK_SEGMENTS);
    let at = from;
    while (at < end && encoder.length < CHUNK_BYTES) {
      const segment = segments[at++];
      if (!segment) continue;
      const encoded = encoder.append(segment, this.names);
      if (encoded !== 'whole') options.log.warn(`a segment is too large: it went ${encoded}`);
    }
    if (encoder.refsLeftOut > refsLeftOut) options.log.warn(refsLost(encoder.refsLeftOut), 'refs left out');
    return at;
  }

  private async send(chunk: Buffer): Promise<void> {
    if (this.call.isOver || chunk.length === 0) return;
    this.hasWritten = true;
    const unwatch = this.parts.guest.watch(() => this.link.lose('nothing else kept the process up'));
    await this.within(this.call.write(chunk));
    unwatch();
  }

  /** The backend has so long to take more, or to answer. */
  private async within<T>(waiting: Promise<T>): Promise<T> {
    const bound = limit(this.parts.options.clock, CALL_MS);
    bound.signal.addEventListener('abort', () => this.call.cancel('DEADLINE_EXCEEDED', bound.reason));
    const result = await waiting;
    bound.lift();
    return result;
  }
}

function refsLost(count: number): string {
  return `${count} calls so far are shown without their caller: its ids were those of before a reset, or of another backend`;
}

/** Lets everything else have its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
