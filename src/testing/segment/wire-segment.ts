import type { Property } from '../store/row';
import type { SpanRecord } from '../record/segment-records';

/** Messages of protocol v2 as they were decoded: int64 as text, enums by name, every field there. */
interface WireId {
  readonly idParts: readonly string[];
}

export interface WireRef {
  readonly refType: 'CrossProcess' | 'CrossThread';
  readonly parentTraceSegmentId: WireId | null;
  readonly parentSpanId: number;
  readonly parentServiceInstanceId: number;
  readonly networkAddress: string;
  readonly networkAddressId: number;
  readonly entryServiceInstanceId: number;
  readonly entryEndpoint: string;
  readonly entryEndpointId: number;
  readonly parentEndpoint: string;
  readonly parentEndpointId: number;
}

export interface WireSpan {
  readonly spanId: number;
  readonly parentSpanId: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly refs: readonly WireRef[];
  readonly operationNameId: number;
  readonly operationName: string;
  readonly peerId: number;
  readonly peer: string;
  readonly spanType: SpanRecord['type'];
  readonly spanLayer: SpanRecord['layer'];
  readonly componentId: number;
  readonly component: string;
  readonly isError: boolean;
  readonly tags: readonly Property[];
  readonly logs: readonly { readonly time: string; readonly data: readonly Property[] }[];
}

export interface WireSegment {
  readonly traceSegmentId: WireId | null;
  readonly spans: readonly WireSpan[];
  readonly serviceId: number;
  readonly serviceInstanceId: number;
  readonly isSizeLimited: boolean;
}

export interface WireUpstream {
  readonly globalTraceIds: readonly WireId[];
  readonly segment: Buffer;
}

/** Empty where there is none. */
export function idText(id: WireId | null): string {
  return id ? id.idParts.join('.') : '';
}
