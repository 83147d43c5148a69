import { CompactId } from '../../src/model/ids';
import { Segment } from '../../src/model/segment';

/** A segment that can be told from others. */
export function numbered(n: number): Segment {
  return new Segment(new CompactId(1, 1, n, 0), new CompactId(1, 1, n, 0));
}

export function numberOf(segment: Segment): number {
  return (segment.segmentId as CompactId).millis;
}
