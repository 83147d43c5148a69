import type { SegmentCodec } from '../../../export/ports';
import { SpanType } from '../../../model/components';
import { OpaqueId } from '../../../model/ids';
import type { V3Names } from '../../../model/names';
import { Segment, type Span } from '../../../model/segment';
import { decodePairs, decodeSpan, restoreHttpFields } from '../../protobuf/control/read-span';
import { Fields, MessageReader } from '../../protobuf/control/reader';
import { TagCache, writeFastPair, writeLog, writeNumber, writeTime, writeUrl } from '../../protobuf/fast/field';
import { maxSegmentSize } from '../../protobuf/fast/max-size';
import { writeFastText } from '../../protobuf/fast/text';
import { closeLength } from '../../protobuf/fast/varint';
import { v3EndpointName } from '../names';
import { readV3Id, writeV3Id } from './id';
import { readV3Ref, v2Refs, writeV3Ref } from './ref';

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
