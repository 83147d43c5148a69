import type { SegmentCodec } from '../../export/ports';
import { type RefType, SpanType } from '../../model/components';
import { type Id, OpaqueId, parseId as readNumericId, writeIdText } from '../../model/ids';
import type { V3Names } from '../../model/names';
import { Segment, type Span, type V3Ref } from '../../model/segment';
import { decodePairs, decodeSpan, restoreHttpFields } from '../protobuf/control/read-span';
import { Fields, MessageReader } from '../protobuf/control/reader';
import {
  maxSegmentSize,
  TagCache,
  writeFastPair,
  writeLog,
  writeNumber,
  writeTime,
  writeUrl,
} from '../protobuf/fast/field';
import { closeLength, writeFastText } from '../protobuf/fast/value';
import { v3EndpointName } from './names';

const TAG = 0x62;
const METHODS = new TagCache(TAG, 'http.method');
const STATUS_CODES = new TagCache(TAG, 'http.status_code');

/** A `SpanObject`, as field 3 of a segment. */
function writeV3Span(buf: Buffer, pos: number, span: Span, names: V3Names): number {
  buf[pos] = 0x1a;
  const body = pos + 3;
  let at = body;
  if (span.spanId !== 0) at = writeNumber(buf, at, 0x08, span.spanId);
  if (span.parentSpanId !== 0) at = writeNumber(buf, at, 0x10, span.parentSpanId);
  if (span.startTime !== 0) at = writeTime(buf, at, 0x18, span.startTime);
  if (span.endTime !== 0) at = writeTime(buf, at, 0x20, span.endTime);
  if (span.refs) for (const ref of span.refs) if (ref.parentService !== undefined) at = writeV3Ref(buf, at, ref);
  at = writeOperation(buf, at, span, names);
  if (span.peer !== '') {
    buf[at] = 0x3a;
    at = writeFastText(buf, at + 1, span.peer);
  }
  if (span.type !== 0) at = writeNumber(buf, at, 0x40, span.type);
  if (span.layer !== 0) at = writeNumber(buf, at, 0x48, span.layer);
  if (span.componentId !== 0) at = writeNumber(buf, at, 0x50, span.componentId);
  if (span.isError) {
    buf[at] = 0x58;
    buf[at + 1] = 1;
    at += 2;
  }
  at = writeTags(buf, at, span);
  if (span.logs) {
    for (const log of span.logs) {
      buf[at] = 0x6a;
      at = writeLog(buf, at + 3, log);
    }
  }
  if (span.segment.skipsAnalysis) {
    buf[at] = 0x70;
    buf[at + 1] = 1;
    at += 2;
  }
  return closeLength(buf, body, at, 2);
}

function writeOperation(buf: Buffer, pos: number, span: Span, names: V3Names): number {
  const name = span.type === SpanType.entry ? names.endpoint(v3EndpointName(span)) : span.operationName;
  if (name === '') return pos;
  buf[pos] = 0x32;
  return writeFastText(buf, pos + 1, name);
}

function writeTags(buf: Buffer, pos: number, span: Span): number {
  let at = pos;
  if (span.urlRest !== '') at = writeUrl(buf, at, TAG, span);
  if (span.method !== '') at = METHODS.write(buf, at, span.method);
  if (span.statusCode !== 0) at = STATUS_CODES.write(buf, at, span.statusCode);
  const { tags } = span;
  if (tags) {
    for (let i = 0; i < tags.length; i += 2) at = writeFastPair(buf, at, TAG, tags[i] ?? '', tags[i + 1] ?? '');
  }
  return at;
}

const FIELDS = { spanType: 8, spanLayer: 9, componentId: 10, isError: 11, logs: 13 };

/** A `SpanObject`; its segment learns from it whether it counts in the metrics. */
function readV3Span(message: MessageReader, segment: Segment): Span {
  const fields = new Fields(message);
  const span = decodeSpan(segment, fields, FIELDS);
  span.peer = fields.text(7);
  const refs = fields.all(5);
  if (refs.length > 0) span.refs = refs.map(readV3Ref);
  takeName(span, fields);
  if (fields.isSet(14)) segment.skipsAnalysis = true;
  return span;
}

/** The method stands before the name of a request: it was put there, and will be put there again. */
function takeName(span: Span, fields: Fields): void {
  const name = fields.text(6);
  const prefixOf = (method: string): string => (span.type === SpanType.entry && method !== '' ? `${method}:` : '');
  restoreHttpFields(span, decodePairs(fields.all(12)), 'http.status_code', (method) =>
    name.startsWith(prefixOf(method)),
  );
  span.operationName = name.slice(prefixOf(span.method).length);
}

/** One gRPC message: not compressed, its length, and a `SegmentObject`. */
function writeV3Segment(buf: Buffer, pos: number, segment: Segment, names: V3Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeV3Id(buf, message + 1, segment.traceId);
  buf[at] = 0x12;
  at = writeV3Id(buf, at + 1, segment.segmentId);
  for (const span of segment.spans) at = writeV3Span(buf, at, span, names);
  buf[at] = 0x22;
  at = writeFastText(buf, at + 1, names.service);
  buf[at] = 0x2a;
  at = writeFastText(buf, at + 1, names.instance);
  if (segment.isSizeLimited) {
    buf[at] = 0x30;
    buf[at + 1] = 1;
    at += 2;
  }
  buf[pos] = 0;
  buf.writeUInt32BE(at - message, pos + 1);
  return at;
}

/**
 * The way back from `writeV3Segment`, of its message without the five bytes before it: for what waited until the protocol
 * was another. Names that were cut stay so. Throws on what is no such message.
 */
function readV3Segment(message: Buffer): Segment {
  const fields = new Fields(new MessageReader(message));
  const segmentId = readV3Id(fields.one(2));
  if (segmentId instanceof OpaqueId) throw new Error('the id of the segment is none of ours');
  const segment = new Segment(readV3Id(fields.one(1)), segmentId);
  segment.isSizeLimited = fields.isSet(6);
  for (const span of fields.all(3)) segment.add(readV3Span(span, segment));
  // Nothing is read of the instance: it stands behind all spans, so they are all there if it is.
  fields.one(5);
  return segment;
}

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  maxSize: maxSegmentSize,
  encode: writeV3Segment,
  decode: readV3Segment,
  countUnusableRefs: v2Refs,
};

/** An id as text with its length before it: three int64 joined by dots, or what another agent made. */
function writeV3Id(buf: Buffer, pos: number, id: Id): number {
  if (id instanceof OpaqueId) return writeFastText(buf, pos, id.toString());
  // Always under 128 bytes.
  const end = writeIdText(buf, pos + 1, id);
  buf[pos] = end - pos - 1;
  return end;
}

/** Three int64 where it is just that, so that v2 can carry it; otherwise a text that means nothing to us. */
function readV3Id(message: MessageReader): Id {
  const text = message.text();
  const bytes = message.rest();
  const id = readNumericId(bytes, bytes.length);
  return id?.toString() === text ? id : new OpaqueId(text);
}

/** How many refs of a segment are left out: the ids of v2 are no names. */
function v2Refs({ spans }: Segment): number {
  let count = 0;
  for (const { refs } of spans) if (refs) for (const ref of refs) if (ref.parentService === undefined) count++;
  return count;
}

/** A `SegmentReference`, as field 5 of a span. */
function writeV3Ref(buf: Buffer, pos: number, ref: V3Ref): number {
  buf[pos] = 0x2a;
  const body = pos + 3;
  let at = body;
  if (ref.refType !== 0) at = writeNumber(buf, at, 0x08, ref.refType);
  buf[at] = 0x12;
  at = writeV3Id(buf, at + 1, ref.traceId);
  buf[at] = 0x1a;
  at = writeV3Id(buf, at + 1, ref.parentSegmentId);
  if (ref.parentSpanId !== 0) at = writeNumber(buf, at, 0x20, ref.parentSpanId);
  buf[at] = 0x2a;
  at = writeFastText(buf, at + 1, ref.parentService);
  buf[at] = 0x32;
  at = writeFastText(buf, at + 1, ref.parentInstance);
  buf[at] = 0x3a;
  at = writeFastText(buf, at + 1, ref.parentEndpoint);
  buf[at] = 0x42;
  at = writeFastText(buf, at + 1, ref.addressUsedAtPeer);
  return closeLength(buf, body, at, 2);
}

/** A `SegmentReference` */
function readV3Ref(message: MessageReader): V3Ref {
  const fields = new Fields(message);
  return {
    refType: fields.number(1) as RefType,
    traceId: readV3Id(fields.one(2)),
    parentSegmentId: readV3Id(fields.one(3)),
    parentSpanId: fields.number(4),
    parentService: fields.text(5),
    parentInstance: fields.text(6),
    parentEndpoint: fields.text(7),
    addressUsedAtPeer: fields.text(8),
  };
}
