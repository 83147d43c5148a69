import { componentName } from '../../model/components';
import type { NodeRecorder } from '../record/node-recorder';
import type { RefRecord, SegmentRecord, SpanRecord } from '../record/segment-records';
import { decodeMessage } from '../server/codec';
import type { Handle, StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import type { Property } from '../store/row';
import { type Inventory, truncateNames } from './inventory';

/** Messages of protocol v3 as they were decoded: int64 as text, enums by name, every field there. */
interface V3WireRef {
  readonly refType: 'CrossProcess' | 'CrossThread';
  readonly traceId: string;
  readonly parentTraceSegmentId: string;
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentServiceInstance: string;
  readonly parentEndpoint: string;
  readonly networkAddressUsedAtPeer: string;
}

interface V3WireSpan {
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

interface V3WireSegment {
  readonly traceId: string;
  readonly traceSegmentId: string;
  readonly spans: readonly V3WireSpan[];
  readonly service: string;
  readonly serviceInstance: string;
  readonly isSizeLimited: boolean;
}

/** A segment as the backend shows it, in the words of v2: where an id would be is 0. */
function showV3Segment(segment: V3WireSegment): Omit<SegmentRecord, 'at' | 'node'> {
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

/** Columns of the real server's storage; a row that does not fit is not written. */
const LONGEST_ID = 150;

/** Why OAP 10.1 answers OK and shows nothing, tried out on a real one. Undefined: it shows the segment. */
function v3FaultOf({ traceId, traceSegmentId, spans }: V3WireSegment): string | undefined {
  if (!spans.some(({ spanId }) => spanId === 0)) return 'there is no span with spanId 0';
  if (spans.every(({ startTime }) => startTime === '0')) return 'no span has a startTime';
  if (traceId.length > LONGEST_ID) return longer('traceId');
  if (traceSegmentId.length > LONGEST_ID) return longer('traceSegmentId');
  return spans.map(tagFault).find(Boolean);
}

function longer(field: string): string {
  return `${field} is longer than ${LONGEST_ID} characters`;
}

/** Metrics are made from tags before anything is stored, and what is thrown then ends the segment. */
function tagFault({ spanType, spanLayer, peer, refs, tags }: V3WireSpan): string | undefined {
  const keys = tags.map(({ key }) => key);
  const twice = spanLayer === 'Cache' ? keys.find((key, index) => keys.indexOf(key) < index) : undefined;
  if (twice !== undefined) return `tag "${twice}" is there twice on a span of layer Cache`;
  const valuesOf = (wanted: string) => tags.filter(({ key }) => key === wanted).map(({ value }) => value);
  const isLocal = spanType === 'Local';
  const logic = spanType === 'Exit' ? [] : valuesOf('x-le');
  const unreadable = logic.find((value) => !isLogicEndpoint(value, isLocal));
  if (unreadable !== undefined) return `tag "x-le" cannot be read: ${unreadable}`;
  const queue = spanType === 'Entry' ? refs[0]?.networkAddressUsedAtPeer || peer : peer;
  if (spanLayer !== 'MQ' || isLocal || queue.trim() === '') return undefined;
  const latency = valuesOf('transmission.latency').find(
    (value) => value.trim() !== '' && !/^[+-]?\d{1,18}$/.test(value),
  );
  return latency === undefined ? undefined : `tag "transmission.latency" cannot be read: ${latency}`;
}

/** An object that says too little is passed over. */
function isLogicEndpoint(value: string, isLocal: boolean): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return false;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return false;
  const { name, latency, status, 'logic-span': isSpan } = parsed as Readonly<Record<string, unknown>>;
  if (isLocal && isSpan === true) return true;
  if ([name, latency, status].includes(undefined)) return true;
  return isPlain(name) && isPlain(status) && isPlain(latency) && latency !== '' && Number.isFinite(Number(latency));
}

function isPlain(value: unknown): boolean {
  return value !== null && typeof value !== 'object';
}

/** Where the segments of one node come in. Names need no registration: a segment is listed at once, or dropped. */
export class V3SegmentReceiver {
  constructor(
    private readonly inventory: Inventory,
    private readonly nodeRecorder: NodeRecorder,
  ) {}

  readonly collect = (): StreamReader => ({
    // What does not parse, a segment of v2 for one, ends the stream; those before it are in.
    take: (bytes) => {
      this.take(decodeMessage(messageType('v3', 'SegmentObject'), bytes) as unknown as V3WireSegment);
      return Promise.resolve();
    },
  });

  readonly collectInSync: Handle = (request) => {
    const { segments } = request as unknown as { readonly segments: readonly V3WireSegment[] };
    for (const segment of segments) this.take(segment);
    return Promise.resolve({});
  };

  private take(segment: V3WireSegment): void {
    if (this.nodeRecorder.isOpen) this.file(segment);
    const reason = v3FaultOf(segment);
    if (reason === undefined) this.nodeRecorder.shown(showV3Segment(segment));
    else this.nodeRecorder.dropped({ ...NO_IDS, reason, traceId: segment.traceId, segmentId: segment.traceSegmentId });
  }

  /** Entry spans make the service, the instance and the endpoint known, also those of a segment that is dropped. */
  private file({ service, serviceInstance, spans }: V3WireSegment): void {
    const identity = { service: truncateNames.service(service), uuid: truncateNames.instance(serviceInstance) };
    const entries = spans.filter(({ spanType, skipAnalysis }) => spanType === 'Entry' && !skipAnalysis);
    if (entries.length > 0) this.inventory.upsert(identity, this.nodeRecorder.now());
    for (const { operationName } of entries)
      this.inventory.endpoint(identity.service, truncateNames.endpoint(operationName));
  }
}

const NO_IDS = { serviceId: 0, instanceId: 0 };
