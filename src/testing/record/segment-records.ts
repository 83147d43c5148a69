import type { Property } from '../store/row';

export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: readonly Property[];
}

/**
 * What a span was asked for by. Ids as they travelled, 0 where a name did; names as the backend resolves them. On v3
 * names are all that travels, and nothing of the entry does.
 */
export interface RefRecord {
  readonly type: 'CrossProcess' | 'CrossThread';
  /** v3 only: the trace that the parent is in. On v2 it is that of the segment. */
  readonly traceId?: string;
  readonly parentSegmentId: string;
  readonly parentSpanId: number;
  /** v3 only. */
  readonly parentService?: string;
  readonly parentInstanceId: number;
  /** The uuid of the parent's instance; empty where the id is unknown. On v3 its name. */
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
  readonly layer: 'Unknown' | 'Database' | 'RPCFramework' | 'Http' | 'MQ' | 'Cache' | 'FAAS';
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

/**
 * A segment that the backend took and shows, with ids resolved to names as they were when it arrived. On v3 all ids that
 * a backend would have given out are 0, and service and instance are named as they are filed: cut to 70 characters.
 */
export interface SegmentRecord {
  /** ISO 8601, when it was shown, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  /** On v2 three int64 joined by dots, on v3 any text. */
  readonly traceId: string;
  /** All that it came with; `traceId` is the last. */
  readonly traceIds: readonly string[];
  readonly segmentId: string;
  /** The service's name. */
  readonly service: string;
  readonly serviceId: number;
  /** The uuid that the instance was registered under, on v3 its name. */
  readonly instance: string;
  readonly instanceId: number;
  readonly isSizeLimited: boolean;
  /** In the order they travelled. */
  readonly spans: readonly SpanRecord[];
}

/** A segment that the backend took with OK and threw away without a word. Ids are 0 where it did not parse, and on v3. */
export interface DroppedSegmentRecord {
  readonly at: string;
  readonly node: number;
  /** Names the field of the protocol and, where it is short, its value: `serviceInstanceId 7 is unknown`. */
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

/** Segments put together by their trace, in the order the traces came up. */
export function tracesOf(segments: readonly SegmentRecord[]): TraceRecord[] {
  const byTrace = new Map<string, SegmentRecord[]>();
  for (const segment of segments) {
    const known = byTrace.get(segment.traceId);
    if (known) known.push(segment);
    else byTrace.set(segment.traceId, [segment]);
  }
  return [...byTrace].map(([traceId, ofTrace]) => traceOf(traceId, ofTrace));
}

function traceOf(traceId: string, segments: readonly SegmentRecord[]): TraceRecord {
  const spans = segments.flatMap((segment) => segment.spans);
  return {
    traceId,
    services: [...new Set(segments.map(({ service }) => service))],
    isError: spans.some(({ isError }) => isError),
    startTime: spans.reduce((first, { startTime }) => Math.min(first, startTime), Infinity),
    endTime: spans.reduce((last, { endTime }) => Math.max(last, endTime), -Infinity),
    segments,
  };
}
