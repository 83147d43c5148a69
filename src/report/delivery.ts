import { Patience } from './patience';
import type { SegmentBuffer } from './buffer';
import type { SegmentApi, SegmentStream } from './segment-api';
import type { DropReason, Tally } from './tally';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';
import type { Segment } from '../trace/segment';

export interface DeliveryOptions {
  readonly api: SegmentApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly buffer: SegmentBuffer;
  readonly tally: Tally;
}

/** Encoded in one piece: some thousands at once would block the event loop. */
export const CHUNK = 256;
/** On one stream: what is lost at most when it breaks and nobody knows its fate. */
const MAX_IN_FLIGHT = 8 * CHUNK;

/** Statuses by which a backend says no. After any other it may have taken a part, or all. */
const REFUSALS: ReadonlySet<string> = new Set([
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'UNIMPLEMENTED',
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'NOT_FOUND',
]);

/** Takes segments from the buffer to the backend, and back where the backend certainly has none of them. */
export class Delivery {
  constructor(private readonly options: DeliveryOptions) {}

  /**
   * One stream, from its opening to its fate; afterwards nothing is in flight.
   * @returns whether the next one may follow at once
   */
  async run(signal: AbortSignal): Promise<boolean> {
    const { api, clock, log } = this.options;
    const patience = new Patience(clock, signal);
    const opened = await patience.wait(() => api.open(patience.signal));
    if (opened?.status !== 'ok') {
      if (opened?.status === 'failed') log.warn(`segments wait, the backend refuses them: ${opened.reason}`);
      return false;
    }
    const written: Segment[] = [];
    const isWhole = await this.write(opened.value, written, patience);
    const fate = await patience.wait(() => opened.value.end());
    this.settle(written, fate);
    return isWhole && fate?.status === 'ok';
  }

  private async write(stream: SegmentStream, written: Segment[], patience: Patience): Promise<boolean> {
    const { buffer, clock, tally } = this.options;
    while (buffer.size > 0 && written.length < MAX_IN_FLIGHT && !patience.signal.aborted) {
      const chunk = buffer.take(CHUNK);
      tally.inFlight += chunk.length;
      const isWritten = await patience.wait(() => stream.write(chunk));
      if (isWritten === false) this.keep(chunk);
      if (isWritten === undefined) this.giveUp(chunk, 'fate-unknown');
      if (!isWritten) return false;
      written.push(...chunk);
      // The application's turn.
      if (buffer.size > 0) await new Promise<void>((resolve) => clock.after(0, resolve));
    }
    return true;
  }

  private settle(segments: readonly Segment[], fate: Outcome<undefined> | undefined): void {
    if (fate?.status === 'ok') {
      this.options.tally.inFlight -= segments.length;
      this.options.tally.sent += segments.length;
      release(segments);
      return;
    }
    const reason = fate?.reason ?? 'no answer';
    this.options.log.debug(`a stream of ${segments.length} segments broke: ${reason}`, 'a stream broke');
    if (fate?.status === 'retryable') this.keep(segments);
    else this.giveUp(segments, fate && REFUSALS.has(fate.code) ? 'refused' : 'fate-unknown');
  }

  private keep(segments: readonly Segment[]): void {
    this.options.tally.inFlight -= segments.length;
    this.options.tally.drop(this.options.buffer.putBack(segments), 'buffer-full');
  }

  private giveUp(segments: readonly Segment[], reason: DropReason): void {
    this.options.tally.inFlight -= segments.length;
    this.options.tally.drop(segments.length, reason);
    release(segments);
  }
}

function release(segments: readonly Segment[]): void {
  for (const segment of segments) segment.release();
}
