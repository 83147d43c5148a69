import { lazy } from '../base/lazy';
import type { Log } from '../base/log';
import type { Segment } from '../model/segment';
import type { Batch } from './batch';
import type * as OpenBatchModule from './open-batch';
import type { OpenBatch } from './open-batch';
import type { ExportTarget, Position, SegmentSpool, SegmentStore } from './ports';
import type { SegmentTally } from './segment-counters';

/** The places that it starts with; they double, so that a quiet application does not pay for a large bound. */
const FIRST_PLACES = 256;

/** Segments as they are, while no backend knows us: a ring. */
class SegmentBuffer {
  private places: (Segment | undefined)[] = new Array<undefined>(FIRST_PLACES).fill(undefined);
  private first = 0;
  private filled = 0;

  get count(): number {
    return this.filled;
  }

  /** At the end. */
  push(segment: Segment): void {
    if (this.filled === this.places.length) this.grow();
    this.places[this.place(this.filled++)] = segment;
  }

  /** Throws when there is none. */
  oldest(): Segment {
    const segment = this.places[this.first];
    if (!segment) throw new Error('no segment waits');
    return segment;
  }

  /** Does not release it. */
  removeOldest(): void {
    this.places[this.first] = undefined;
    this.first = this.place(1);
    this.filled--;
  }

  /** The size is a power of two, so that a mask wraps an index. */
  private place(offset: number): number {
    return (this.first + offset) & (this.places.length - 1);
  }

  private grow(): void {
    const { places, first } = this;
    const larger = new Array<Segment | undefined>(2 * places.length).fill(undefined);
    for (let at = 0; at < places.length; at++) larger[at] = places[(first + at) & (places.length - 1)];
    this.places = larger;
    this.first = 0;
  }
}

interface SegmentQueueOptions {
  readonly log: Log;
  readonly tally: SegmentTally;
  /** The most segments that wait. */
  readonly capacity: number;
  /** Takes the oldest where more come; absent: these are dropped. */
  readonly overflow?: Pick<SegmentSpool, 'append'>;
}

/** The segments that are encoded at a stretch, well under a millisecond; fewer where they have to be decoded first. */
const ENCODE_CHUNK = 256;
const REENCODE_CHUNK = 32;

/** Not loaded before a backend knows us. */
const openBatch = lazy(() => require('./open-batch') as typeof OpenBatchModule);

/** Where segments come from that are to be encoded, or to go into another store. */
interface Source {
  readonly count: number;
  oldest(): Segment;
  removeOldest(): void;
}

/**
 * The store in memory: at most `capacity` segments wait; what overflows it are the oldest, counted. As soon as a backend
 * knows us each is encoded as it comes, into the open batch: bytes that wait are nothing which the garbage collector has
 * to copy. Before that they wait as they are. What was encoded with ids that have been given up since is encoded again.
 */
export class SegmentQueue implements SegmentStore {
  /** In flight, the oldest first, and older than those that wait. */
  private peeked: Batch[] = [];
  /** The oldest first. */
  private readonly batches: Batch[] = [];
  /** In `batches`, and in the one that is still open. */
  private encoded = 0;
  /** Younger than all that are encoded. */
  private readonly buffer = new SegmentBuffer();
  private open: OpenBatch | undefined;
  private target: ExportTarget | undefined;
  /** Segments that ever came: the position behind the youngest. */
  private appended = 0;
  /** They do not wait here before they overflow: the garbage collector would copy each of them twice. */
  private overflowsAtOnce = false;

  constructor(private readonly options: SegmentQueueOptions) {}

  /** What segments are encoded with from now on; `undefined`: no backend knows us. */
  use(target: ExportTarget | undefined): void {
    this.target = target;
    if (!target) return;
    this.open ??= new (openBatch().OpenBatch)(this.options.log);
    this.overflowsAtOnce = false;
  }

  /** Until a backend knows us, whatever comes while nothing waits goes to the store for what overflows. */
  overflowAtOnce(): void {
    this.overflowsAtOnce = true;
  }

  get waiting(): number {
    return this.encoded + this.buffer.count;
  }

  get inFlight(): number {
    return countOf(this.peeked);
  }

  append(segment: Segment): boolean {
    const { target, open } = this;
    let isKept = true;
    if (this.overflowsAtOnce && this.waiting === 0 && this.options.overflow?.append(segment) === true)
      segment.release();
    else if (target === undefined || open === undefined || this.buffer.count > 0) this.buffer.push(segment);
    else isKept = this.encode(segment, open, target);
    this.appended++;
    if (this.waiting > this.options.capacity) this.trim();
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
    const before = this.waiting;
    let room = maxBytes;
    for (let batch = this.next(Infinity); batch; batch = this.next(Infinity)) {
      const piece = batch.takeUpTo(room);
      room -= piece.length;
      pieces.push(piece);
      if (batch.count === 0) continue;
      this.putBack([batch]);
      break;
    }
    return { bytes: Buffer.concat(pieces), count: before - this.waiting };
  }

  /** Hands the oldest to the store for what overflows. @returns how many that has taken */
  spill(maxCount: number): number {
    let count = 0;
    while (count < maxCount && this.waiting > 0 && this.spillOldest()) count++;
    return count;
  }

  /** @returns how many waited */
  clear(): number {
    const count = this.waiting;
    while (this.waiting > 0) this.dropOldest();
    return count;
  }

  private encode(segment: Segment, open: OpenBatch, target: ExportTarget): boolean {
    let encoding = open.append(segment, target);
    if (encoding === 'full') {
      this.close();
      encoding = open.append(segment, target);
    }
    if (encoding !== 'encoded') return false;
    this.encoded++;
    segment.release();
    return true;
  }

  /** What has been encoded so far goes together. */
  private close(): void {
    const batch = this.open?.close(this.appended - this.buffer.count);
    if (batch) this.batches.push(batch);
  }

  /** The oldest that wait, out of the queue, encoded for the target of now. */
  private next(maxCount: number): Batch | undefined {
    this.close();
    const [oldest] = this.batches;
    if (!oldest) {
      return this.encodeFrom(this.buffer, Math.min(ENCODE_CHUNK, maxCount), () => this.appended - this.buffer.count);
    }
    if (this.target && oldest.matches(this.target.names)) {
      if (oldest.count > maxCount) return undefined;
      this.batches.shift();
      this.encoded -= oldest.count;
      return oldest;
    }
    const before = oldest.count;
    const renewed = this.encodeFrom(oldest, Math.min(REENCODE_CHUNK, maxCount), () => oldest.end - oldest.count);
    this.encoded -= before - oldest.count;
    if (oldest.count === 0) this.batches.shift();
    return renewed;
  }

  private encodeFrom(source: Source, maxCount: number, endOf: () => Position): Batch | undefined {
    const { target, open } = this;
    if (!target || !open) return undefined;
    for (let left = maxCount; left > 0 && source.count > 0; left--) {
      const segment = oldestOf(source);
      const encoding = segment ? open.append(segment, target) : 'not-encodable';
      if (encoding === 'full') break;
      if (encoding === 'not-encodable') this.options.tally.drop(1, 'not-encodable');
      segment?.release();
      source.removeOldest();
    }
    return open.close(endOf());
  }

  /** To the front what was taken from there, in its order. Newer ones have come meanwhile and stay. */
  private putBack(batches: readonly Batch[]): void {
    this.batches.unshift(...batches);
    this.encoded += countOf(batches);
    this.trim();
  }

  private trim(): void {
    const { capacity, tally } = this.options;
    let dropped = 0;
    while (this.waiting > capacity) {
      if (this.spillOldest()) continue;
      this.dropOldest();
      dropped++;
    }
    tally.drop(dropped, 'buffer-full');
  }

  /** @returns `false`: it still waits */
  private spillOldest(): boolean {
    const { overflow, tally } = this.options;
    if (!overflow) return false;
    const segment = oldestOf(this.oldestSource());
    if (!segment) tally.drop(1, 'not-encodable');
    else if (!overflow.append(segment)) return false;
    this.removeOldest();
    return true;
  }

  private dropOldest(): void {
    if (this.encoded === 0) this.buffer.oldest().release();
    this.removeOldest();
  }

  private removeOldest(): void {
    const source = this.oldestSource();
    source.removeOldest();
    if (source === this.buffer) return;
    this.encoded--;
    if (source.count === 0) this.batches.shift();
  }

  private oldestSource(): Source {
    if (this.encoded > 0 && this.batches.length === 0) this.close();
    return this.batches[0] ?? this.buffer;
  }
}

function oldestOf(source: Source): Segment | undefined {
  try {
    return source.oldest();
  } catch {
    return undefined;
  }
}

function countOf(batches: readonly Batch[]): number {
  let count = 0;
  for (const batch of batches) count += batch.count;
  return count;
}
