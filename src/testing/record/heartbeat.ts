/** One `doPing`, on v3 one `keepAlive`, as it arrived. */
export interface HeartbeatRecord {
  /** ISO 8601, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** 0 on v3. */
  readonly instanceId: number;
  /** v2: the name of the service that the id belongs to, empty where it is unknown. v3: as it came along. */
  readonly service: string;
  /** The `serviceInstanceUUID`, on v3 the `serviceInstance`, that came along; empty if none did. */
  readonly uuid: string;
  /** Milliseconds since 1970, what the agent said; 0 on v3, where it says nothing. */
  readonly time: number;
  /** Whether it was answered by a `ServiceMetadataReset`: never on v3. */
  readonly reset: boolean;
}
