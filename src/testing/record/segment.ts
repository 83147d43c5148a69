import type { Property } from '../store/row';

export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: readonly Property[];
}

/** What a span was asked for by. Ids as they travelled, 0 where a name did; names as the backend resolves them. */
export interface RefRecord {
  readonly type: 'CrossProcess' | 'CrossThread';
  readonly parentSegmentId: string;
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  /** The uuid of the parent's instance; empty where the id is unknown. */
  readonly parentInstance: string;
  readonly entryInstanceId: number;
  readonly networkAddressId: number;
  readonly networkAddress: string;
  readonly entryEndpointId: number;
  readonly entryEndpoint: string;
  readonly parentEndpointId: number;
  readonly parentEndpoint: string;
}

export interface SpanRecord {
  readonly spanId: number;
  /** -1 for the first of its segment. */
  readonly parentSpanId: number;
  readonly type: 'Entry' | 'Exit' | 'Local';
  /** The name, whether it travelled itself or as an id. */
  readonly operationName: string;
  /** The id that travelled; 0: the name did. */
  readonly operationNameId: number;
  /** `host:port`, whether it travelled itself or as an id; empty where there is none. */
  readonly peer: string;
  /** The id that travelled; 0: the name did, or there is none. */
  readonly peerId: number;
  readonly layer: 'Unknown' | 'Database' | 'RPCFramework' | 'Http' | 'MQ' | 'Cache';
  /** By the server's table; empty for 0, `N/A` for an id that it lacks. */
  readonly component: string;
  readonly componentId: number;
  readonly isError: boolean;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  /** Milliseconds since 1970. */
  readonly endTime: number;
  readonly tags: readonly Property[];
  readonly logs: readonly LogRecord[];
  readonly refs: readonly RefRecord[];
}

/** A segment that the backend took and shows, with ids resolved to names as they were when it arrived. */
export interface SegmentRecord {
  /** ISO 8601, when it was shown, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** Three int64 joined by dots. */
  readonly traceId: string;
  /** All that it came with; `traceId` is the last. */
  readonly traceIds: readonly string[];
  readonly segmentId: string;
  /** The service's name. */
  readonly service: string;
  readonly serviceId: number;
  /** The uuid that the instance was registered under. */
  readonly instance: string;
  readonly instanceId: number;
  readonly isSizeLimited: boolean;
  /** In the order they travelled. */
  readonly spans: readonly SpanRecord[];
}

/** A segment that the backend took with OK and threw away without a word. Ids are 0 where it did not parse. */
export interface DroppedSegmentRecord {
  readonly at: string;
  readonly node: number;
  /** Names the field of the protocol and its value: `serviceInstanceId 7 is unknown`. */
  readonly reason: string;
  readonly traceId: string;
  readonly segmentId: string;
  readonly serviceId: number;
  readonly instanceId: number;
}

/** All segments of one trace that the backend shows. */
export interface TraceRecord {
  readonly traceId: string;
  /** Names, in the order they came up. */
  readonly services: readonly string[];
  readonly isError: boolean;
  /** Milliseconds since 1970: the first span's start. */
  readonly startTime: number;
  /** Milliseconds since 1970: the last span's end. */
  readonly endTime: number;
  /** In the order they were shown. */
  readonly segments: readonly SegmentRecord[];
}
