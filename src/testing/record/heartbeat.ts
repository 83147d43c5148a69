/** One `doPing`, as it arrived. */
export interface HeartbeatRecord {
  /** ISO 8601, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  readonly instanceId: number;
  /** The `serviceInstanceUUID` that came along; empty if none did. */
  readonly uuid: string;
  /** Milliseconds since 1970, what the agent said. */
  readonly time: number;
  /** Whether it was answered by a `ServiceMetadataReset`. */
  readonly reset: boolean;
}
