import type { Id } from './id';
import type { RefType } from './vocabulary';

/**
 * Where a segment's work was asked for, as the v2 carrier brings it. A name is a string, an id that the caller's
 * backend gave out is a number; the numbers mean something only to the backend and in the epoch they came in.
 */
export interface SegmentRef {
  readonly refType: RefType;
  readonly parentSegmentId: Id;
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  readonly entryInstanceId: number;
  readonly networkAddress: string | number;
  /** Absent: the carrier named none. */
  readonly entryEndpoint: string | number | undefined;
  readonly parentEndpoint: string | number | undefined;
}
