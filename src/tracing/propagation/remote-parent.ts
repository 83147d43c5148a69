import type { Id } from '../../model/ids';
import type { SegmentRef } from '../../model/segment';

/** What a carrier brought: the trace to go on with, and the place that asked. */
export interface RemoteParent {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: Id;
  /** The header that said so, as it came. */
  readonly carrier: string;
  readonly ref: SegmentRef;
  /** The application's own data that travels with the trace, at most three pairs. */
  readonly correlation: ReadonlyMap<string, string> | undefined;
  /** The trace is not to count in the metrics. */
  readonly skipsAnalysis: boolean;
}
