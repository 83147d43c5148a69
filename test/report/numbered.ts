import { OwnId } from '../../src/trace/id';
import { Segment } from '../../src/trace/segment';

/** A segment that can be told from others. */
export function numbered(n: number): Segment {
  return new Segment(new OwnId(1, 1, n, 0), new OwnId(1, 1, n, 0));
}

export function numberOf(segment: Segment): number {
  return (segment.segmentId as OwnId).millis;
}
