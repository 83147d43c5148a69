import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { MAX_REENCODED_AT_ONCE } from '../model/limits';
import type { Segment } from '../model/segment';
import type { Names } from '../model/names';
import { isNotNow, isRefusal, type Delivery } from './delivery-policy';
import { OpenBatch } from './open-batch';
import type { EncodedBatch, ExportTarget, Position, SegmentStore } from './ports';
import { SegmentTally } from './segment-counters';
import { StreamSender } from './stream-sender';

/** Segments as they come out of a spool: encoded as they are asked for, in flight until all of them are. */
class IterableStore implements SegmentStore {
  inFlight = 0;
  private readonly iterator: Iterator<Segment>;
  private next: IteratorResult<Segment>;
  private readonly batch: OpenBatch;
  private position = 0;

  constructor(segments: Iterable<Segment>, log: Log) {
    this.iterator = segments[Symbol.iterator]();
    this.next = this.iterator.next();
    this.batch = new OpenBatch(log);
  }

  /** 1 stands for at least one, which is all that is asked here: how many there are shows when they have been read. */
  get waiting(): number {
    return this.next.done === true ? 0 : 1;
  }

  append(): boolean {
    return false;
  }

  peek(target: ExportTarget, maxCount: number): EncodedBatch | undefined {
    for (let left = Math.min(MAX_REENCODED_AT_ONCE, maxCount); left > 0 && this.next.done !== true; left--) {
      if (this.batch.append(this.next.value, target) === 'full') break;
      this.position++;
      this.next = this.iterator.next();
    }
    const batch = this.batch.close(this.position);
    this.inFlight += batch?.count ?? 0;
    return batch;
  }

  acknowledge(position: Position): number {
    const count = position > 0 ? this.inFlight : 0;
    this.inFlight = 0;
    return count;
  }
}

interface SpoolSenderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly delivery: Delivery | undefined;
  /** Whether the backend still knows us by these names. */
  isCurrent(names: Names): boolean;
}

/** Sends the segments of a spool, on one stream, and says what became of all of them together. */
export class SpoolSender {
  constructor(private readonly options: SpoolSenderOptions) {}

  /** `untouched`: the backend certainly has none, or said "not now". Never rejects. */
  async send(
    segments: Iterable<Segment>,
    target: ExportTarget,
    signal: AbortSignal,
  ): Promise<'stored' | 'untouched' | 'unknown' | 'refused'> {
    const store = new IterableStore(segments, this.options.log);
    const sender = new StreamSender({ ...this.options, tally: new SegmentTally() });
    const { fate, written } = await sender.sendUncounted(store, target, signal);
    // Behind it stands what was not written: it has no other fate than the rest.
    const isComplete = written?.isWhole === true && written.unsure === 0 && store.waiting === 0;
    if (fate?.status === 'ok') return isComplete ? 'stored' : 'unknown';
    if (!written || fate?.status === 'retryable') return 'untouched';
    if (!fate) return 'unknown';
    if (isRefusal(fate.code)) return 'refused';
    return isNotNow(fate, this.options.delivery) ? 'untouched' : 'unknown';
  }
}
