/**
 * The methods of both protocols, by their names. `collect` is that of the segments, in either; those of other services
 * that are called so too carry the service.
 */
export const METHODS = [
  'doServiceRegister',
  'doServiceInstanceRegister',
  'doEndpointRegister',
  'doNetworkAddressRegister',
  'doPing',
  'collect',
  'collectInSync',
  'keepAlive',
  'reportInstanceProperties',
  'fetchConfigurations',
  'MeterReportService/collect',
  'MeterReportService/collectBatch',
  'LogReportService/collect',
  'SpanAttachedEventReportService/collect',
] as const;
export type Method = (typeof METHODS)[number];

/** One call, as it arrived and as it ended. */
export interface CallRecord {
  readonly method: Method;
  /** What was asked for: `/skywalking.v3.ManagementService/keepAlive`, or `/ManagementService/keepAlive`. */
  readonly path: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** ISO 8601, by the collector's clock. */
  readonly at: string;
  /** 1, and one more after each `wipe()`: tells calls from before apart from calls after it. */
  readonly generation: number;
  /**
   * The message, with every field, int64 as text. Of a stream: how many messages came so far, of `collect` as
   * `{segments}`, of the others as `{messages}`. Null where it does not parse, or the backend lacks the method.
   */
  readonly request: Readonly<Record<string, unknown>> | null;
  /** The metadata `agent-version`; null without one. */
  readonly agentVersion: string | null;
  /** The metadata `authentication`; null without one. */
  readonly authentication: string | null;
  /**
   * gRPC's name of the status; `PENDING` until it has ended, `CANCELLED` where the client gave up or was cut off,
   * `UNIMPLEMENTED` where it is a method, or a path, of another protocol than the one spoken now.
   */
  readonly status: string;
}
