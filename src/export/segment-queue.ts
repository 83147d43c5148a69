import { SegmentBuffer } from './segment-buffer';
import type { Segment } from '../model/segment';
import type { Batch } from './batch';
import type { OpenBatch } from './open-batch';
import type { ExportTarget } from './ports';
import type { SegmentTally } from './segment-counters';

/** So many are encoded at a stretch, well under a millisecond; fewer where they have to be decoded first. */
const STRETCH = 256;
const STRETCH_ANEW = 32;

/** Where segments come from that are to be encoded. */
interface Source {
  readonly count: number;
  oldest(): Segment;
  dropOldest(): void;
}

/**
 * Segments that wait, at most `capacity`; what overflows it are the oldest, counted. As soon as a backend knows us each
 * is encoded as it comes: bytes that wait are nothing which the garbage collector has to copy. Before that they wait as
 * they are. What was encoded with ids that have been given up since is encoded anew.
 */
export class SegmentQueue {
  /** The oldest first. */
  private readonly batches: Batch[] = [];
  /** In the batches, and in the one that is still open. */
  private encoded = 0;
  /** Younger than all that are encoded. */
  private readonly buffer = new SegmentBuffer();
  private open: OpenBatch | undefined;
  private current: ExportTarget | undefined;

  constructor(
    /** Called once, as soon as a backend knows us: the code that encodes is not loaded before. */
    private readonly createBatch: () => OpenBatch,
    private readonly tally: SegmentTally,
    private readonly capacity: number,
  ) {}

  /** What segments are encoded with now; `undefined`: no backend knows us. */
  get target(): ExportTarget | undefined {
    return this.current;
  }

  use(target: ExportTarget | undefined): void {
    if (target) this.open ??= this.createBatch();
    this.current = target;
  }

  get size(): number {
    return this.encoded + this.buffer.count;
  }

  /** At the end. */
  push(segment: Segment): void {
    const { current, open } = this;
    if (current === undefined || open === undefined || this.buffer.count > 0) this.buffer.push(segment);
    else {
      this.encode(segment, open, current);
      segment.release();
    }
    if (this.size > this.capacity) this.trim();
  }

  /**
   * The oldest of them, out of the queue, ready to go; at most `room`.
   * @returns `undefined`: there are none, it has more, or no backend knows us
   */
  next(room = Infinity): Batch | undefined {
    this.close();
    const [oldest] = this.batches;
    if (!oldest) return this.encodeFrom(this.buffer, Math.min(STRETCH, room));
    if (this.current && oldest.matches(this.current.names)) {
      if (oldest.count > room) return undefined;
      this.batches.shift();
      this.encoded -= oldest.count;
      return oldest;
    }
    const before = oldest.count;
    const renewed = this.encodeFrom(oldest, Math.min(STRETCH_ANEW, room));
    this.encoded -= before - oldest.count;
    if (oldest.count === 0) this.batches.shift();
    return renewed;
  }

  /** Back to the front what was taken from there, in its order. Newer ones have come meanwhile and stay. */
  putBack(batches: readonly Batch[]): void {
    this.batches.unshift(...batches.filter(({ count }) => count > 0));
    for (const { count } of batches) this.encoded += count;
    this.trim();
  }

  /** Removes as many of the oldest as fit into `maxBytes`. */
  takeUpTo(maxBytes: number): { readonly bytes: Buffer; readonly count: number } {
    const pieces: Buffer[] = [];
    const { size } = this;
    let room = maxBytes;
    for (let batch = this.next(); batch; batch = this.next()) {
      const piece = batch.takeUpTo(room);
      room -= piece.length;
      pieces.push(piece);
      if (batch.count === 0) continue;
      this.putBack([batch]);
      break;
    }
    return { bytes: Buffer.concat(pieces), count: size - this.size };
  }

  /** @returns how many there were */
  clear(): number {
    const { size } = this;
    this.close();
    this.batches.length = 0;
    this.encoded = 0;
    while (this.buffer.count > 0) this.buffer.dropOldest();
    return size;
  }

  private encode(segment: Segment, open: OpenBatch, target: ExportTarget): void {
    let encoding = open.append(segment, target);
    if (encoding === 'full') {
      this.close();
      encoding = open.append(segment, target);
    }
    if (encoding === 'encoded') this.encoded++;
    else this.tally.dropUnqueued('not-encodable');
  }

  /** What has been encoded so far goes together. */
  private close(): void {
    const batch = this.open?.close();
    if (batch) this.batches.push(batch);
  }

  private encodeFrom(source: Source, most: number): Batch | undefined {
    const { current, open } = this;
    if (!current || !open) return undefined;
    for (let left = most; left > 0 && source.count > 0; left--) {
      const segment = oldestOf(source);
      const encoding = segment ? open.append(segment, current) : 'not-encodable';
      if (encoding === 'full') break;
      if (encoding === 'not-encodable') this.tally.drop(1, 'not-encodable');
      source.dropOldest();
    }
    return open.close();
  }

  private trim(): void {
    let dropped = 0;
    for (; this.size > this.capacity; dropped++) this.dropOldest();
    this.tally.drop(dropped, 'buffer-full');
  }

  private dropOldest(): void {
    if (this.encoded === 0) {
      this.buffer.dropOldest();
      return;
    }
    if (this.batches.length === 0) this.close();
    const [oldest] = this.batches;
    oldest?.dropOldest();
    this.encoded--;
    if (oldest?.count === 0) this.batches.shift();
  }
}

function oldestOf(source: Source): Segment | undefined {
  try {
    return source.oldest();
  } catch {
    return undefined;
  }
}
