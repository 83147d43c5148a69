import { isRefusal, MAX_ATTEMPTS, verdictOn, type Delivery, type StreamFailure } from './delivery-policy';
import { StepDeadline } from './step-deadline';
import type { EncodedBatch, ExportTarget, Position, SegmentStore, SegmentStream } from './ports';
import type { SegmentTally } from './segment-counters';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import type { Names } from '../model/names';

interface StreamSenderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: SegmentTally;
  readonly delivery: Delivery | undefined;
  /** Whether the backend still knows us by these names. */
  isCurrent(names: Names): boolean;
}

/** What one stream was given. */
interface Written {
  /** Behind the last batch that may have been written; 0: none was. */
  readonly end: Position;
  /** In the last batch, if it is not known whether that was written. */
  readonly unsure: number;
  readonly isWhole: boolean;
}

interface StreamEnd {
  /** Undefined: there was no answer. */
  readonly fate: Outcome<undefined> | undefined;
  /** Undefined: there was no stream. */
  readonly written: Written | undefined;
}

const REFUSED = 'segments refused';

/** Takes segments from a store to the backend; they stay in the store where the backend certainly has none of them. */
export class StreamSender {
  /** Streams in a row that ended with the segments kept, though the backend may have seen them. */
  private attempts = 0;

  constructor(private readonly options: StreamSenderOptions) {}

  /**
   * One stream, from its opening to its fate; afterwards nothing is in flight.
   * @returns whether the next one may follow at once
   */
  async run(store: SegmentStore, target: ExportTarget, signal: AbortSignal): Promise<boolean> {
    const { fate, written } = await this.stream(store, target, signal);
    if (!written) return false;
    this.resolve(store, written, fate);
    return written.isWhole && fate?.status === 'ok';
  }

  /** One stream, whose fate the caller is to make something of. */
  async stream(store: SegmentStore, target: ExportTarget, signal: AbortSignal): Promise<StreamEnd> {
    const deadline = new StepDeadline(this.options.clock, signal);
    try {
      return await this.streamWithin(store, target, deadline);
    } finally {
      deadline.dispose();
    }
  }

  private async streamWithin(store: SegmentStore, target: ExportTarget, deadline: StepDeadline): Promise<StreamEnd> {
    const { log } = this.options;
    const { sender, names } = target;
    const opened = await deadline.race(() => sender.open(names, deadline.signal));
    if (opened?.status !== 'ok') {
      // What was answered about a registration that ended meanwhile means nothing.
      if (opened?.status === 'failed' && this.options.isCurrent(names))
        log.warn(`segments wait, the backend refuses them: ${opened.reason}`, REFUSED);
      return { fate: undefined, written: undefined };
    }
    const written = await this.write(store, opened.value, target, deadline);
    const fate = await deadline.race(() => opened.value.end());
    if (fate?.status === 'ok') log.over([REFUSED], 'the backend takes segments again');
    return { fate, written };
  }

  private async write(
    store: SegmentStore,
    stream: SegmentStream,
    target: ExportTarget,
    deadline: StepDeadline,
  ): Promise<Written> {
    let end = 0;
    let count = 0;
    while (store.waiting > 0 && count < MAX_SEGMENTS_PER_STREAM && !deadline.signal.aborted) {
      const batch = await store.peek(target, MAX_SEGMENTS_PER_STREAM - count);
      // The stream has no room for it, what the backend knew us by was just given up, or nothing could be encoded.
      if (!batch) break;
      const isWritten = await deadline.race(() => this.writeBatch(stream, target.names, batch));
      if (isWritten === false) return { end, unsure: 0, isWhole: false };
      if (isWritten === undefined) return { end: batch.end, unsure: batch.count, isWhole: false };
      end = batch.end;
      count += batch.count;
      // The application's turn.
      if (store.waiting > 0) await new Promise<void>((resolve) => this.options.clock.after(0, resolve));
    }
    return { end, unsure: 0, isWhole: true };
  }

  /** `false`: nothing was written, or the batch is encoded with names that were given up a moment ago. */
  private writeBatch(stream: SegmentStream, names: Names, batch: EncodedBatch): Promise<boolean> {
    const isValid = this.options.isCurrent(names) && batch.matches(names);
    return isValid ? stream.write(batch.bytes) : Promise.resolve(false);
  }

  private resolve(store: SegmentStore, { end, unsure }: Written, fate: Outcome<undefined> | undefined): void {
    const { tally, log } = this.options;
    if (fate?.status === 'ok') {
      this.attempts = 0;
      tally.sent += store.acknowledge(end) - unsure;
      tally.drop(unsure, 'fate-unknown');
      return;
    }
    log.debug(`a stream of ${store.inFlight} segments broke: ${fate?.reason ?? 'no answer'}`, 'a stream broke');
    if (fate?.status === 'retryable' || this.mayRepeat(fate)) {
      store.acknowledge(0);
      return;
    }
    this.attempts = 0;
    tally.drop(store.acknowledge(end), fate && isRefusal(fate.code) ? 'refused' : 'fate-unknown');
  }

  private mayRepeat(end: StreamFailure = { code: 'DEADLINE_EXCEEDED' }): boolean {
    return verdictOn(end, this.options.delivery) === 'back-off' && ++this.attempts < MAX_ATTEMPTS;
  }
}
