import type { Segment } from '../model/segment';

/** The places that it starts with; they double, so that a quiet application does not pay for a large bound. */
const FIRST_PLACES = 256;

/** Segments as they are, while no backend knows us: a ring. */
export class SegmentBuffer {
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
