import type { RefRecord, SegmentRecord, SpanRecord } from '../record/segment-records';
import { componentName } from '../../model/components';
import { truncateNames } from './inventory';
import type { V3WireRef, V3WireSegment, V3WireSpan } from './wire-segment';

/** A segment as the backend shows it, in the words of v2: where an id would be is 0. */
export function showV3Segment(segment: V3WireSegment): Omit<SegmentRecord, 'at' | 'node'> {
  return {
    traceId: segment.traceId,
    traceIds: [segment.traceId],
    segmentId: segment.traceSegmentId,
    service: truncateNames.service(segment.service),
    serviceId: 0,
    instance: truncateNames.instance(segment.serviceInstance),
    instanceId: 0,
    isSizeLimited: segment.isSizeLimited,
    spans: segment.spans.map(showSpan),
  };
}

function showSpan(span: V3WireSpan): SpanRecord {
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    type: span.spanType,
    operationName: span.operationName,
    operationNameId: 0,
    peer: span.peer,
    peerId: 0,
    layer: span.spanLayer,
    component: componentName(span.componentId),
    componentId: span.componentId,
    isError: span.isError,
    startTime: Number(span.startTime),
    endTime: Number(span.endTime),
    tags: span.tags,
    logs: span.logs.map(({ time, data }) => ({ time: Number(time), data })),
    refs: span.refs.map(showRef),
  };
}

function showRef(ref: V3WireRef): RefRecord {
  return {
    type: ref.refType,
    traceId: ref.traceId,
    parentSegmentId: ref.parentTraceSegmentId,
    parentSpanId: ref.parentSpanId,
    parentService: ref.parentService,
    parentInstanceId: 0,
    parentInstance: ref.parentServiceInstance,
    entryInstanceId: 0,
    networkAddressId: 0,
    networkAddress: ref.networkAddressUsedAtPeer,
    entryEndpointId: 0,
    entryEndpoint: '',
    parentEndpointId: 0,
    parentEndpoint: ref.parentEndpoint,
  };
}
