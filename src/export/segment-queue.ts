import { lazy, LoadError } from '../base/lazy';
import type { Log } from '../base/log';
import { errorMessage } from '../base/text';
import { MAX_REENCODED_AT_ONCE } from '../model/limits';
import type { Segment } from '../model/segment';
import type * as OpenBatchModule from './open-batch';
import type { Batch, OpenBatch } from './open-batch';
import type { ExportTarget, Position, SegmentEncoding, SegmentSpool, SegmentStore } from './ports';
import type { SegmentTally } from './segment-counters';

interface SegmentQueueOptions {
  readonly log: Log;
  readonly tally: SegmentTally;
  /** The most segments that wait. */
  readonly capacity: number;
  /** What segments are encoded with while no backend knows us. Called with the first that comes then; may throw. */
  byName(): SegmentEncoding;
  /** Takes the oldest where more come; absent: these are dropped. */
  readonly overflow?: Pick<SegmentSpool, 'append'>;
}

/** Not loaded before the first segment ends. */
const openBatch = lazy(() => require('./open-batch') as typeof OpenBatchModule);

/**
 * The store in memory: at most `capacity` segments wait; what overflows it are the oldest, counted. Each is encoded as it
 * comes, into the open batch: bytes that wait are nothing which the garbage collector has to copy. While no backend knows
 * us they are encoded by name. What was encoded so, or with ids that have been given up since, is encoded again.
 */
export class SegmentQueue implements SegmentStore {
  /** In flight, the oldest first, and older than those that wait. */
  private peeked: Batch[] = [];
  /** The oldest first. */
  private readonly batches: Batch[] = [];
  /** In `batches`, and in the one that is still open. */
  private count = 0;
  private open: OpenBatch | undefined;
  /** What is encoded again. Absent: nothing was of late. */
  private renewed: OpenBatch | undefined;
  private target: ExportTarget | undefined;
  private byName: SegmentEncoding | undefined;
  /** The buffer of a batch that was encoded by name and is gone: one that the garbage collector does not have to find. */
  private used: Buffer | undefined;
  /** Segments that ever came: the position behind the youngest. */
  private appended = 0;
  /** Nothing can be encoded, at least as long as no backend knows us. */
  private isBroken = false;
  /** They do not wait here before they overflow: each would be copied once more. */
  private overflowsAtOnce = false;

  constructor(private readonly options: SegmentQueueOptions) {}

  /** What segments are encoded with from now on; `undefined`: no backend knows us. */
  use(target: ExportTarget | undefined): void {
    this.target = target;
    if (!target) return;
    this.overflowsAtOnce = false;
    this.isBroken = false;
  }

  /** Until a backend knows us, whatever comes while nothing waits goes to the store for what overflows. */
  overflowAtOnce(): void {
    this.overflowsAtOnce = true;
  }

  get waiting(): number {
    return this.count;
  }

  get inFlight(): number {
    return countOf(this.peeked);
  }

  append(segment: Segment): boolean {
    let isKept = true;
    if (this.overflowsAtOnce && this.count === 0 && this.options.overflow?.append(segment) === true) segment.release();
    else isKept = this.encode(segment);
    this.appended++;
    if (this.count > this.options.capacity) this.trim();
    return isKept;
  }

  peek(target: ExportTarget, maxCount: number): Batch | undefined {
    if (this.target?.names.epoch !== target.names.epoch) return undefined;
    const batch = this.next(maxCount);
    if (batch) this.peeked.push(batch);
    return batch;
  }

  acknowledge(position: Position): number {
    const back = this.peeked.filter(({ end }) => end > position);
    const count = this.inFlight - countOf(back);
    this.peeked = [];
    this.putBack(back);
    return count;
  }

  /**
   * For a process that ends now: removes as many of the oldest that wait as fit into `maxBytes`.
   * @returns their bytes, and how many they are
   */
  takeUpTo(maxBytes: number): { readonly bytes: Buffer; readonly count: number } {
    const pieces: Buffer[] = [];
    let count = 0;
    let room = maxBytes;
    for (let batch = this.next(Infinity); batch; batch = this.next(Infinity)) {
      const had = batch.count;
      const piece = batch.takeUpTo(room);
      room -= piece.length;
      count += had - batch.count;
      pieces.push(piece);
      if (batch.count === 0) continue;
      this.putBack([batch]);
      break;
    }
    return { bytes: Buffer.concat(pieces), count };
  }

  /** Hands the oldest to the store for what overflows. @returns how many that has taken */
  spill(maxCount: number): number {
    let count = 0;
    while (count < maxCount && this.spillOldest()) count++;
    return count;
  }

  /** @returns how many waited */
  clear(): number {
    const { count } = this;
    this.close();
    this.batches.length = 0;
    this.count = 0;
    return count;
  }

  private encode(segment: Segment): boolean {
    if (this.isBroken) return false;
    try {
      const open = (this.open ??= new (openBatch().OpenBatch)(this.options.log));
      const encoding = this.target ?? (this.byName ??= this.options.byName());
      let result = open.append(segment, encoding);
      if (result === 'full') {
        this.close();
        result = open.append(segment, encoding);
      }
      if (result !== 'encoded') return false;
    } catch (error) {
      // What a span holds came from the application: that is one segment. A file of ours that is missing is all of them,
      // and to look for it again would cost each request.
      const isLoading = error instanceof LoadError;
      this.isBroken = isLoading && error.isLasting;
      if (isLoading) this.options.log.error(`no segment can be encoded: ${errorMessage(error)}`, 'encode');
      return false;
    }
    this.count++;
    segment.release();
    return true;
  }

  /** What has been encoded so far goes together. */
  private close(): void {
    const batch = this.open?.close(this.appended, this.used);
    if (!batch) return;
    this.used = undefined;
    this.batches.push(batch);
  }

  /** The oldest that wait, out of the queue, encoded for the target of now. */
  private next(maxCount: number): Batch | undefined {
    const { target } = this;
    const oldest = this.oldest();
    if (!oldest || !target) return undefined;
    if (!oldest.matches(target.names)) {
      const before = this.count;
      const renewed = this.renew(oldest, target, Math.min(MAX_REENCODED_AT_ONCE, maxCount));
      // All of these were dropped; those behind them may go.
      return renewed ?? (this.count < before ? this.next(maxCount) : undefined);
    }
    this.renewed = undefined;
    if (oldest.count > maxCount) return undefined;
    this.batches.shift();
    this.count -= oldest.count;
    return oldest;
  }

  /** The first of a batch, encoded for this target. */
  private renew(batch: Batch, target: ExportTarget, maxCount: number): Batch | undefined {
    const renewed = (this.renewed ??= new (openBatch().OpenBatch)(this.options.log));
    for (let left = maxCount; left > 0 && batch.count > 0; left--) {
      const segment = decoded(batch);
      const result = segment ? renewed.append(segment, target) : 'not-encodable';
      if (result === 'full') break;
      if (result === 'not-encodable') this.options.tally.drop(1, 'not-encodable');
      this.removeOldest(batch);
    }
    return renewed.close(batch.end - batch.count);
  }

  /** To the front what was taken from there, in its order. Newer ones have come meanwhile and stay. */
  private putBack(batches: readonly Batch[]): void {
    this.batches.unshift(...batches);
    this.count += countOf(batches);
    this.trim();
  }

  private trim(): void {
    const { capacity, tally } = this.options;
    let dropped = 0;
    while (this.count > capacity) {
      if (this.spillOldest()) continue;
      const oldest = this.oldest();
      if (!oldest) break;
      this.removeOldest(oldest);
      dropped++;
    }
    tally.drop(dropped, 'buffer-full');
  }

  /** @returns `false`: none waits, or it still does */
  private spillOldest(): boolean {
    const { overflow, tally } = this.options;
    const oldest = overflow && this.oldest();
    if (!oldest) return false;
    const segment = this.isByName(oldest) ? oldest.oldestBytes : decoded(oldest);
    if (!segment) tally.drop(1, 'not-encodable');
    else if (!overflow.append(segment)) return false;
    this.removeOldest(oldest);
    return true;
  }

  /** The batch of the oldest. */
  private oldest(): Batch | undefined {
    if (this.batches.length === 0) this.close();
    return this.batches[0];
  }

  private removeOldest(batch: Batch): void {
    batch.removeOldest();
    this.count--;
    if (batch.count > 0) return;
    this.batches.shift();
    // Any other may have been handed to the transport.
    if (this.isByName(batch)) this.used = batch.buffer;
  }

  private isByName(batch: Batch): boolean {
    return this.byName !== undefined && batch.matches(this.byName.names);
  }
}

function decoded(batch: Batch): Segment | undefined {
  try {
    return batch.oldest();
  } catch {
    return undefined;
  }
}

function countOf(batches: readonly Batch[]): number {
  let count = 0;
  for (const batch of batches) count += batch.count;
  return count;
}
