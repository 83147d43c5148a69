import type { Clock, Timer } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import type { Names } from '../model/names';
import { type Delivery, isRefusal, MAX_ATTEMPTS, type StreamFailure, verdictOn } from './delivery-policy';
import type { EncodedBatch, ExportTarget, Position, SegmentStore, SegmentStream } from './ports';
import type { SegmentTally } from './segment-counters';

/** Longer than any deadline of the transport's own: this one is for a transport that forgets one. */
const STEP_MS = 30_000;
/** After the signal, so long for the true answer; then nothing waits any more. */
const GRACE_MS = 250;

/** Waits for the answers of one stream, but not for ever, and not when the agent stops. */
class StepDeadline {
  private readonly controller = new AbortController();
  private readonly abort = (): void => this.controller.abort();

  constructor(
    private readonly clock: Clock,
    private readonly outer: AbortSignal,
  ) {
    if (outer.aborted) this.abort();
    else outer.addEventListener('abort', this.abort, { once: true });
  }

  /** The stream is over. Many of them may share the outer signal. */
  dispose(): void {
    this.outer.removeEventListener('abort', this.abort);
  }

  /** Aborts when a step took too long, or with the outer one. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The answer; `undefined`: there was none, or it rejected, which a port does not. */
  race<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      let grace: Timer | undefined;
      const giveUp = () => {
        grace ??= this.clock.after(GRACE_MS, () => settle(undefined));
      };
      const deadline = this.clock.after(STEP_MS, () => this.controller.abort());
      const settle = (answer: T | undefined) => {
        deadline.cancel();
        grace?.cancel();
        this.signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      this.signal.addEventListener('abort', giveUp);
      if (this.signal.aborted) giveUp();
      // Within a promise, so that a question that throws is one that rejects.
      Promise.resolve()
        .then(ask)
        .then(settle, () => settle(undefined));
    });
  }
}

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
   * Sends what waits, on one stream, and counts what became of it; afterwards nothing is in flight.
   * @returns whether the next one may follow at once
   */
  async send(store: SegmentStore, target: ExportTarget, signal: AbortSignal): Promise<boolean> {
    const { fate, written } = await this.sendUncounted(store, target, signal);
    if (!written) return false;
    this.applyFate(store, written, fate);
    return written.isWhole && fate?.status === 'ok';
  }

  /** The same, but counts and acknowledges nothing: its fate is for the caller to judge. */
  async sendUncounted(store: SegmentStore, target: ExportTarget, signal: AbortSignal): Promise<StreamEnd> {
    const deadline = new StepDeadline(this.options.clock, signal);
    try {
      return await this.sendWithin(store, target, deadline);
    } finally {
      deadline.dispose();
    }
  }

  private async sendWithin(store: SegmentStore, target: ExportTarget, deadline: StepDeadline): Promise<StreamEnd> {
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

  private applyFate(store: SegmentStore, { end, unsure }: Written, fate: Outcome<undefined> | undefined): void {
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
