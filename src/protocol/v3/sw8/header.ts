import type { Id } from '../../../model/ids';

/** What the header `sw8` says of a call. */
export interface Sw8 {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: Id;
  readonly parentSegmentId: Id;
  /** The id of the caller's exit span. */
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentInstance: string;
  readonly parentEndpoint: string;
  /** The address that the caller called us by. */
  readonly addressUsedAtPeer: string;
}
