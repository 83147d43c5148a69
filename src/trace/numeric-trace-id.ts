import { TextId, type NumericId } from './id';
import type { Segment } from './segment';

/**
 * The trace of a segment as v2 can carry it: one that another agent began under an id of another form is a trace of its
 * own there, under the segment's id.
 */
export function numericTraceId({ traceId, segmentId }: Segment): NumericId {
  return traceId instanceof TextId ? segmentId : traceId;
}
