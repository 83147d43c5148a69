import type { Logger } from '../../api/options';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { componentId, componentName } from '../../model/components';
import type { NodeRecorder } from '../record/node-recorder';
import type { RefRecord, SegmentRecord, SpanRecord } from '../record/segment-records';
import type { RowTable } from '../registry/id-table';
import type { Registry } from '../registry/registry';
import type { OapVersion } from './exchange';
import { PendingSegments } from './pending-segments';
import { validate, type Validity } from './validate';
import { idText, type IncomingSegment, parseSegment, parseUpstream, type WireRef, type WireSpan } from './wire-segment';

/** A segment as the backend shows it: the ids it came with, and beside each the name that the backend has for it. */
function showV2Segment(
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

interface V2SegmentReceiverOptions {
  readonly registry: Registry;
  readonly nodeRecorder: NodeRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly oap: OapVersion;
  readonly nameWaitMs: number;
  readonly nameRetryMs: number;
  readonly maxRecords: number;
}

/** Where the segments of one node come in: shown, dropped without a word, or sent to the waiting room. */
export class V2SegmentReceiver {
  private readonly waitingRoom: PendingSegments;

  constructor(private readonly options: V2SegmentReceiverOptions) {
    const { clock, logger, nameRetryMs: retryMs, nameWaitMs: waitMs, maxRecords: most } = options;
    this.waitingRoom = new PendingSegments({
      clock,
      logger,
      retryMs,
      waitMs,
      most,
      judge: (segment) => this.judge(segment),
      onShown: (segment) => this.shown(segment),
      onDropped: (segment, reason) => this.dropped(segment, reason),
    });
  }

  /** @param bytes one message of the stream. Rejects where it does not parse: the stream is over then. */
  async take(bytes: Buffer): Promise<void> {
    const upstream = parseUpstream(bytes);
    let segment: IncomingSegment;
    try {
      segment = parseSegment(upstream);
    } catch (error) {
      this.dropped(undefined, `it does not parse: ${errorMessage(error)}`);
      return;
    }
    const verdict = await this.judge(segment);
    if (verdict.type === 'shown') this.shown(segment);
    else if (verdict.type === 'dropped') this.dropped(segment, verdict.reason);
    else this.waitingRoom.add(segment);
  }

  /** Takes up what waited when the backend went down. */
  resume(segments: readonly IncomingSegment[]): void {
    for (const segment of segments) this.waitingRoom.add(segment);
  }

  /** @returns what still waits */
  stop(): Promise<readonly IncomingSegment[]> {
    return this.waitingRoom.stop();
  }

  private async judge(segment: IncomingSegment): Promise<Validity> {
    const { registry, oap } = this.options;
    let verdict = validate(segment, registry.rows, oap);
    if (verdict.type === 'shown') return verdict;
    // Another node may know more than we have heard of.
    await registry.catchUp();
    verdict = validate(segment, registry.rows, oap);
    if (verdict.type === 'waiting') {
      await registry.getOrCreateAddresses(verdict.names.networkAddresses);
      await registry.getOrCreate<'endpoint'>(verdict.names.endpoints);
    }
    return verdict;
  }

  private shown(segment: IncomingSegment): void {
    const { registry, nodeRecorder } = this.options;
    nodeRecorder.shown(showV2Segment(segment, registry.rows));
  }

  private dropped(segment: IncomingSegment | undefined, reason: string): void {
    this.options.nodeRecorder.dropped({
      reason,
      traceId: segment?.traceIds.at(-1) ?? '',
      segmentId: segment?.segmentId ?? '',
      serviceId: segment?.wire.serviceId ?? 0,
      instanceId: segment?.wire.serviceInstanceId ?? 0,
    });
  }
}
