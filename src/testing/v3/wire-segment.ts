import type { SpanRecord } from '../record/segment-records';
import type { Property } from '../store/row';

/** Messages of protocol v3 as they were decoded: int64 as text, enums by name, every field there. */
export interface V3WireRef {
  readonly refType: 'CrossProcess' | 'CrossThread';
  readonly traceId: string;
  readonly parentTraceSegmentId: string;
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentServiceInstance: string;
  readonly parentEndpoint: string;
  readonly networkAddressUsedAtPeer: string;
}

export interface V3WireSpan {
  readonly spanId: number;
  readonly parentSpanId: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly refs: readonly V3WireRef[];
  readonly operationName: string;
  readonly peer: string;
  readonly spanType: SpanRecord['type'];
  readonly spanLayer: SpanRecord['layer'];
  readonly componentId: number;
  readonly isError: boolean;
  readonly tags: readonly Property[];
  readonly logs: readonly { readonly time: string; readonly data: readonly Property[] }[];
  readonly skipAnalysis: boolean;
}

export interface V3WireSegment {
  readonly traceId: string;
  readonly traceSegmentId: string;
  readonly spans: readonly V3WireSpan[];
  readonly service: string;
  readonly serviceInstance: string;
  readonly isSizeLimited: boolean;
}
