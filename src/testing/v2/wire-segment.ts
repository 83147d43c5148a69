import type { SpanRecord } from '../record/segment-records';
import { decodeMessage } from '../server/codec';
import { messageType } from '../server/schema';
import type { Property } from '../store/row';

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

interface WireUpstream {
  readonly globalTraceIds: readonly WireId[];
  readonly segment: Buffer;
}

/** Empty where there is none. */
export function idText(id: WireId | null): string {
  return id ? id.idParts.join('.') : '';
}

/** A segment that parses. */
export interface IncomingSegment {
  readonly traceIds: readonly string[];
  readonly segmentId: string;
  readonly wire: WireSegment;
}

/** @param bytes one message of the stream. Throws where it does not parse, and then the real server ends the stream. */
export function parseUpstream(bytes: Buffer): WireUpstream {
  return decodeMessage(messageType('v2', 'UpstreamSegment'), bytes) as unknown as WireUpstream;
}

/** Throws where the `SegmentObject` inside does not parse, and then the real server drops it without a word. */
export function parseSegment({ globalTraceIds, segment }: WireUpstream): IncomingSegment {
  const wire = decodeMessage(messageType('v2', 'SegmentObject'), segment) as unknown as WireSegment;
  return { traceIds: globalTraceIds.map(idText), segmentId: idText(wire.traceSegmentId), wire };
}
