import type { Property } from '../store/row';

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
  'EventService/collect',
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
   * The message, with every field, int64 as text. For a stream: how many messages came so far, of `collect` as
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

/** One line of an application's log that the backend took. Not those of spans, which are in their segment. */
export interface LogEntry {
  /** ISO 8601, when it arrived, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  readonly service: string;
  readonly instance: string;
  readonly endpoint: string;
  readonly layer: string;
  /** Milliseconds since 1970, what the agent said; when it arrived, where it said nothing. */
  readonly time: number;
  /** What the agent calls its kind, such as `TEXT`. */
  readonly type: string;
  /** How it travelled; null: without a body. */
  readonly format: 'text' | 'json' | 'yaml' | null;
  readonly body: string;
  /** Empty outside a trace. */
  readonly traceId: string;
  readonly segmentId: string;
  readonly spanId: number;
  readonly tags: readonly Property[];
}

/** What happened to a service or an instance, as it came. */
export interface EventRecord {
  /** ISO 8601, when it arrived, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** The same in all reports of one event. */
  readonly uuid: string;
  readonly service: string;
  readonly instance: string;
  readonly endpoint: string;
  readonly layer: string;
  readonly name: string;
  readonly type: 'Normal' | 'Error';
  readonly message: string;
  readonly parameters: readonly Property[];
  /** Milliseconds since 1970; 0: the agent did not say. */
  readonly startTime: number;
  readonly endTime: number;
}

export interface BucketRecord {
  /** The least value that counts; without a meaning where `isNegativeInfinity`. */
  readonly bucket: number;
  readonly count: number;
  readonly isNegativeInfinity: boolean;
}

/** One measurement that the backend took. */
export interface MeterRecord {
  /** ISO 8601, when it arrived, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  readonly service: string;
  readonly instance: string;
  /** Milliseconds since 1970, what the agent said. */
  readonly time: number;
  readonly name: string;
  /** In the order they travelled. */
  readonly labels: readonly Property[];
  /** Null of a histogram. */
  readonly value: number | null;
  /** A histogram's; empty for a single value. */
  readonly buckets: readonly BucketRecord[];
}

/** A service that an agent registered; on v3 one that sent a heartbeat or an entry span. */
export interface ServiceEntry {
  /** 0 on v3: names are all there is. */
  readonly id: number;
  readonly name: string;
}

/**
 * An instance that an agent registered; on v3 one that sent a heartbeat, its properties or an entry span. Properties alone
 * do not make its service known.
 */
export interface InstanceEntry {
  /** 0 on v3, and so is the service's. */
  readonly id: number;
  readonly serviceId: number;
  /** The service's name. */
  readonly service: string;
  /** What the agent registered it under: its `instanceUUID`, on v3 its `serviceInstance`. */
  readonly uuid: string;
  /** As OAP 6.x displays it: `<service>-pid:<process_no>@<host_name>`; on v3 the same as `uuid`. */
  readonly name: string;
  /**
   * As given when the instance was created, in order; a key may repeat (`ipv4`). On v3 as reported last, with the keys
   * that only earlier reports had before them; empty until one came, and again after a wipe. OAP 10.1 shows `language`
   * apart, in capitals, and the addresses as one `ipv4s` with commas between.
   */
  readonly properties: readonly Property[];
  /** ISO 8601, what the agent said; on v3 when it was first heard of, by the collector's clock. */
  readonly registeredAt: string;
  /** ISO 8601, when its last heartbeat arrived; null before the first one. */
  readonly heartbeatAt: string | null;
}

/** An endpoint: the name of an entry span. Names of exit and local spans are no endpoints. */
export interface EndpointEntry {
  /** 0 on v3. */
  readonly id: number;
  /** Whatever was registered: no version checks it. 0 on v3. */
  readonly serviceId: number;
  /** The service's name; empty where the id is unknown. */
  readonly service: string;
  readonly name: string;
}

/** v2 only. A `host:port`, with the ids of the service and the instance that stand for it; 0 as long as they do not exist. */
export interface NetworkAddressEntry {
  readonly id: number;
  readonly name: string;
  readonly serviceId: number;
  readonly instanceId: number;
}
