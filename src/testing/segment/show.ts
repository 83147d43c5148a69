import type { RowTable } from '../registry/id-table';
import type { RefRecord, SegmentRecord, SpanRecord } from '../record/segment-records';
import { componentId, componentName } from '../../model/components';
import type { IncomingSegment } from './incoming';
import { idText, type WireRef, type WireSpan } from './wire-segment';

/** A segment as the backend shows it: the ids it came with, and beside each the name that the backend has for it. */
export function showV2Segment(
  { traceIds, segmentId, wire }: IncomingSegment,
  rows: RowTable,
): Omit<SegmentRecord, 'at' | 'node'> {
  return {
    traceId: traceIds.at(-1) ?? '',
    traceIds,
    segmentId,
    service: rows.get('service', wire.serviceId)?.name ?? '',
    serviceId: wire.serviceId,
    instance: rows.get('instance', wire.serviceInstanceId)?.uuid ?? '',
    instanceId: wire.serviceInstanceId,
    isSizeLimited: wire.isSizeLimited,
    spans: wire.spans.map((span) => showSpan(span, rows)),
  };
}

function showSpan(span: WireSpan, rows: RowTable): SpanRecord {
  const component = span.componentId || componentId(span.component);
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    type: span.spanType,
    operationName: endpointName(rows, span.operationNameId, span.operationName),
    operationNameId: span.operationNameId,
    peer: addressName(rows, span.peerId, span.peer),
    peerId: span.peerId,
    layer: span.spanLayer,
    component: componentName(component),
    componentId: component,
    isError: span.isError,
    startTime: Number(span.startTime),
    endTime: Number(span.endTime),
    tags: span.tags,
    logs: span.logs.map(({ time, data }) => ({ time: Number(time), data })),
    refs: span.refs.map((ref) => showRef(ref, rows)),
  };
}

function showRef(ref: WireRef, rows: RowTable): RefRecord {
  return {
    type: ref.refType,
    parentSegmentId: idText(ref.parentTraceSegmentId),
    parentSpanId: ref.parentSpanId,
    parentInstanceId: ref.parentServiceInstanceId,
    parentInstance: rows.get('instance', ref.parentServiceInstanceId)?.uuid ?? '',
    entryInstanceId: ref.entryServiceInstanceId,
    networkAddressId: ref.networkAddressId,
    networkAddress: addressName(rows, ref.networkAddressId, ref.networkAddress),
    entryEndpointId: ref.entryEndpointId,
    entryEndpoint: endpointName(rows, ref.entryEndpointId, ref.entryEndpoint),
    parentEndpointId: ref.parentEndpointId,
    parentEndpoint: endpointName(rows, ref.parentEndpointId, ref.parentEndpoint),
  };
}

/** Where both travelled, the id counts. */
function endpointName(rows: RowTable, id: number, name: string): string {
  return id === 0 ? name : (rows.get('endpoint', id)?.name ?? '');
}

function addressName(rows: RowTable, id: number, name: string): string {
  return id === 0 ? name : (rows.get('networkAddress', id)?.name ?? '');
}
