import { StepDeadline } from './step-deadline';
import type { SegmentQueue } from './segment-queue';
import type { Batch } from './batch';
import type { ExportTarget, SegmentStream } from './ports';
import type { DropReason, SegmentTally } from './segment-counters';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import type { Names } from '../model/names';

export interface StreamSenderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: SegmentQueue;
  readonly tally: SegmentTally;
}

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

const REFUSED = 'segments refused';

/** Takes segments from the queue to the backend, and back where the backend certainly has none of them. */
export class StreamSender {
  constructor(private readonly options: StreamSenderOptions) {}

  /**
   * One stream, from its opening to its fate; afterwards nothing is in flight.
   * @returns whether the next one may follow at once
   */
  async run(target: ExportTarget, signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.options;
    const { sender, names } = target;
    const patience = new StepDeadline(clock, signal);
    const opened = await patience.race(() => sender.open(names, patience.signal));
    if (opened?.status !== 'ok') {
      // What was answered about a registration that ended meanwhile means nothing.
      if (opened?.status === 'failed' && this.isCurrent(names))
        log.warn(`segments wait, the backend refuses them: ${opened.reason}`, REFUSED);
      return false;
    }
    const written: Batch[] = [];
    const isWhole = await this.write(opened.value, names, written, patience);
    const fate = await patience.race(() => opened.value.end());
    this.resolve(written, fate);
    if (fate?.status === 'ok') log.over([REFUSED], 'the backend takes segments again');
    return isWhole && fate?.status === 'ok';
  }

  private async write(stream: SegmentStream, names: Names, written: Batch[], patience: StepDeadline): Promise<boolean> {
    const { queue, clock, tally } = this.options;
    let count = 0;
    while (queue.size > 0 && count < MAX_SEGMENTS_PER_STREAM && !patience.signal.aborted) {
      const batch = queue.next(MAX_SEGMENTS_PER_STREAM - count);
      // The stream has no room for it, what the backend knew us by was just given up, or nothing could be encoded.
      if (!batch) break;
      tally.inFlight += batch.count;
      const isWritten = await patience.race(() => this.writeBatch(stream, names, batch));
      if (isWritten === false) this.requeue([batch]);
      if (isWritten === undefined) this.discard([batch], 'fate-unknown');
      if (!isWritten) return false;
      written.push(batch);
      count += batch.count;
      // The application's turn.
      if (queue.size > 0) await new Promise<void>((resolve) => clock.after(0, resolve));
    }
    return true;
  }

  /** `false`: nothing was written, or the batch is encoded with names that were given up a moment ago. */
  private writeBatch(stream: SegmentStream, names: Names, batch: Batch): Promise<boolean> {
    const isValid = this.isCurrent(names) && batch.matches(names);
    return isValid ? stream.write(batch.bytes) : Promise.resolve(false);
  }

  private isCurrent({ epoch }: Names): boolean {
    return this.options.queue.target?.names.epoch === epoch;
  }

  private resolve(batches: readonly Batch[], fate: Outcome<undefined> | undefined): void {
    if (fate?.status === 'ok') {
      const count = countOf(batches);
      this.options.tally.inFlight -= count;
      this.options.tally.sent += count;
      return;
    }
    const reason = fate?.reason ?? 'no answer';
    this.options.log.debug(`a stream of ${countOf(batches)} segments broke: ${reason}`, 'a stream broke');
    if (fate?.status === 'retryable') this.requeue(batches);
    else this.discard(batches, fate && REFUSALS.has(fate.code) ? 'refused' : 'fate-unknown');
  }

  private requeue(batches: readonly Batch[]): void {
    this.options.tally.inFlight -= countOf(batches);
    this.options.queue.putBack(batches);
  }

  private discard(batches: readonly Batch[], reason: DropReason): void {
    const count = countOf(batches);
    this.options.tally.inFlight -= count;
    this.options.tally.drop(count, reason);
  }
}

function countOf(batches: readonly Batch[]): number {
  let count = 0;
  for (const batch of batches) count += batch.count;
  return count;
}
