import type { Id, NumericId } from './ids';
import type { RefType } from './components';

/** Where a segment's work was asked for, as a carrier brings it. What one protocol knows means nothing to the other. */
export type SegmentRef = V2Ref | V3Ref;

/**
 * By the v2 carrier. A name is a string, an id that the caller's backend gave out is a number; the numbers mean
 * something only to the backend and in the epoch they came in.
 */
export interface V2Ref {
  /** The epoch of our registration when it came; none where its ids may have been those from before a reset. */
  readonly epoch: number;
  readonly refType: RefType;
  readonly parentSegmentId: NumericId;
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  readonly entryInstanceId: number;
  readonly networkAddress: string | number;
  /** Absent: the carrier named none. */
  readonly entryEndpoint: string | number | undefined;
  readonly parentEndpoint: string | number | undefined;
  /** Tells the two apart. */
  readonly parentService?: undefined;
}

/** By the v3 carrier: names only. */
export interface V3Ref {
  readonly refType: RefType;
  readonly traceId: Id;
  readonly parentSegmentId: Id;
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentInstance: string;
  readonly parentEndpoint: string;
  /** The address that the caller called us by. */
  readonly addressUsedAtPeer: string;
}
