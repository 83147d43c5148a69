import type { NumericId } from '../../../model/ids';

/**
 * What the header `sw6` says of a call. A name is a string, an id that the backend gave out is a number.
 */
export interface Sw6 {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: NumericId;
  readonly parentSegmentId: NumericId;
  /** The id of the caller's exit span. */
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  /** Where the trace came in first. */
  readonly entryInstanceId: number;
  /** The address that the caller called us by. */
  readonly peer: string | number;
  /** Absent: there is none. */
  readonly entryEndpoint: string | number | undefined;
  readonly parentEndpoint: string | number | undefined;
}
