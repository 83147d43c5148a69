/** The methods of protocol v2. */
export const METHODS = [
  'doServiceRegister',
  'doServiceInstanceRegister',
  'doEndpointRegister',
  'doNetworkAddressRegister',
  'doPing',
  'collect',
] as const;
export type Method = (typeof METHODS)[number];

/** One call, as it arrived and as it ended. */
export interface CallRecord {
  readonly method: Method;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** ISO 8601, by the collector's clock. */
  readonly at: string;
  /** 1, and one more after each `wipe()`: tells calls from before apart from calls after it. */
  readonly generation: number;
  /** The message, with every field, int64 as text; of `collect`: `{segments}`, how many came so far. Null where it does not parse. */
  readonly request: Readonly<Record<string, unknown>> | null;
  /** The metadata `agent-version`; null without one. */
  readonly agentVersion: string | null;
  /** The metadata `authentication`; null without one. */
  readonly authentication: string | null;
  /** gRPC's name of the status; `PENDING` until it has ended, `CANCELLED` where the client gave up or was cut off. */
  readonly status: string;
}
