import type { Segment } from '../trace/segment';

/** It starts with so many places and doubles, so that a quiet application does not pay for a large bound. */
const FIRST_PLACES = 256;

/** Segments that wait, at most `capacity`: a ring. What overflows it are the oldest. */
export class SegmentBuffer {
  private places: (Segment | undefined)[] = new Array<undefined>(FIRST_PLACES).fill(undefined);
  private first = 0;
  private count = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.count;
  }

  /** At the end. @returns how many of the oldest had to go for it: 0 or 1 */
  push(segment: Segment): number {
    const dropped = this.count >= this.capacity ? this.drop(this.count - this.capacity + 1) : 0;
    if (this.capacity === 0) {
      segment.release();
      return 1;
    }
    this.grow(this.count + 1);
    this.places[this.place(this.count++)] = segment;
    return dropped;
  }

  /** From the front, the oldest first. */
  take(most: number): Segment[] {
    const taken: Segment[] = [];
    for (let left = Math.min(most, this.count); left > 0; left--) {
      const segment = this.places[this.first];
      this.places[this.first] = undefined;
      this.first = this.place(1);
      this.count--;
      if (segment) taken.push(segment);
    }
    return taken;
  }

  /**
   * Back to the front what was taken from there, in its order. Newer ones have come meanwhile and stay.
   * @returns how many of these, the oldest, found no place
   */
  putBack(segments: readonly Segment[]): number {
    const fitting = Math.max(0, Math.min(segments.length, this.capacity - this.count));
    this.grow(this.count + fitting);
    for (let at = segments.length - 1; at >= segments.length - fitting; at--) {
      this.first = this.place(-1);
      this.places[this.first] = segments[at];
      this.count++;
    }
    for (const segment of segments.slice(0, segments.length - fitting)) segment.release();
    return segments.length - fitting;
  }

  private drop(count: number): number {
    const dropped = this.take(count);
    for (const segment of dropped) segment.release();
    return dropped.length;
  }

  /** The size is a power of two, so that a mask wraps an index. */
  private place(offset: number): number {
    return (this.first + offset) & (this.places.length - 1);
  }

  private grow(needed: number): void {
    if (needed <= this.places.length) return;
    const waiting = this.count;
    const segments = this.take(waiting);
    let size = this.places.length;
    while (size < needed) size *= 2;
    this.places = new Array<undefined>(size).fill(undefined);
    this.first = 0;
    for (const segment of segments) this.places[this.count++] = segment;
  }
}
