import type { SegmentCodec } from '../../../export/ports';
import { componentOnV2, Layer, SpanType } from '../../../model/components';
import { numericTraceId } from '../../../model/id-text';
import type { V2Names } from '../../../model/names';
import { Segment, type Span } from '../../../model/segment';
import { decodePairs, decodeSpan, restoreHttpFields } from '../../protobuf/control/read-span';
import { Fields, MessageReader } from '../../protobuf/control/reader';
import { TagCache, writeFastPair, writeLog, writeNumber, writeTime, writeUrl } from '../../protobuf/fast/field';
import { maxSegmentSize } from '../../protobuf/fast/max-size';
import { writeFastText } from '../../protobuf/fast/text';
import { closeLength, writeInt32 } from '../../protobuf/fast/varint';
import { readV2Id, writeV2Id } from './id';
import { isUsable, readV2Ref, unusableRefs, writeV2Ref } from './ref';

const TAG = 0x7a;
const METHODS = new TagCache(TAG, 'http.method');
const STATUS_CODES = new TagCache(TAG, 'status_code');
const LAST_LAYER = Layer.cache;

/**
 * A `SpanObjectV2`, as field 2 of a segment. An id or a name goes out, never both: beside an id the server takes the
 * name for another one. Only entry spans have endpoints; the server leaves local and exit names as they are.
 */
function writeV2Span(buf: Buffer, pos: number, span: Span, names: V2Names): number {
  buf[pos] = 0x12;
  const reserved = lengthBytes(span);
  const body = pos + 1 + reserved;
  let at = body;
  if (span.spanId !== 0) at = writeNumber(buf, at, 0x08, span.spanId);
  if (span.parentSpanId !== 0) at = writeNumber(buf, at, 0x10, span.parentSpanId);
  if (span.startTime !== 0) at = writeTime(buf, at, 0x18, span.startTime);
  if (span.endTime !== 0) at = writeTime(buf, at, 0x20, span.endTime);
  if (span.refs) for (const ref of span.refs) if (isUsable(ref, names)) at = writeV2Ref(buf, at, ref, names);
  at = writeOperation(buf, at, span, names);
  if (span.peer !== '') at = writePeer(buf, at, span.peer, names);
  if (span.type !== 0) at = writeNumber(buf, at, 0x50, span.type);
  // OAP 6.5 loses the whole segment for a layer that came later.
  if (span.layer !== 0 && span.layer <= LAST_LAYER) at = writeNumber(buf, at, 0x58, span.layer);
  if (span.componentId !== 0) at = writeNumber(buf, at, 0x60, componentOnV2(span.componentId));
  if (span.isError) {
    buf[at] = 0x70;
    buf[at + 1] = 1;
    at += 2;
  }
  at = writeTags(buf, at, span);
  if (span.logs) {
    for (const log of span.logs) {
      // Field 16: the one here whose tag takes two bytes.
      buf[at] = 0x82;
      buf[at + 1] = 0x01;
      at = writeLog(buf, at + 4, log);
    }
  }
  return closeLength(buf, body, at, reserved);
}

/** A guess, so that the span need not be moved: beside these strings a span of HTTP takes some 90 bytes. */
function lengthBytes({ tags, logs, refs, urlBase, urlRest, method, peer }: Span): number {
  const isBare = tags === undefined && logs === undefined && refs === undefined;
  return isBare && urlBase.length + urlRest.length + method.length + peer.length <= 35 ? 1 : 2;
}

function writeOperation(buf: Buffer, pos: number, span: Span, names: V2Names): number {
  const name = span.operationName;
  if (name === '') return pos;
  const id = span.type === SpanType.entry ? names.endpoint(name) : 0;
  if (id !== 0) return writeNumber(buf, pos, 0x30, id);
  buf[pos] = 0x3a;
  return writeFastText(buf, pos + 1, name);
}

function writePeer(buf: Buffer, pos: number, peer: string, names: V2Names): number {
  const id = names.networkAddress(peer);
  if (id !== 0) return writeNumber(buf, pos, 0x40, id);
  buf[pos] = 0x4a;
  return writeFastText(buf, pos + 1, peer);
}

function writeTags(buf: Buffer, pos: number, span: Span): number {
  let at = pos;
  if (span.urlRest !== '') at = writeUrl(buf, at, TAG, span);
  if (span.method !== '') at = METHODS.write(buf, at, span.method);
  if (span.statusCode !== 0) at = STATUS_CODES.write(buf, at, span.statusCode);
  const tags = span.tags;
  if (tags) {
    for (let i = 0; i < tags.length; i += 2) at = writeFastPair(buf, at, TAG, tags[i] ?? '', tags[i + 1] ?? '');
  }
  return at;
}

const FIELDS = { spanType: 10, spanLayer: 11, componentId: 12, isError: 14, logs: 16 };

/** A `SpanObjectV2`. Ids become the names that they stand for in `names`. */
function readV2Span(message: MessageReader, segment: Segment, names: V2Names): Span {
  const fields = new Fields(message);
  const span = decodeSpan(segment, fields, FIELDS);
  const endpointId = fields.number(6);
  const peerId = fields.number(8);
  span.operationName = endpointId === 0 ? fields.text(7) : known(names.endpointOf(endpointId), 'endpoint', endpointId);
  span.peer = peerId === 0 ? fields.text(9) : known(names.networkAddressOf(peerId), 'network address', peerId);
  const refs = fields.all(5);
  if (refs.length > 0) span.refs = refs.map((ref) => readV2Ref(ref, names.epoch));
  restoreHttpFields(span, decodePairs(fields.all(15)), 'status_code', () => true);
  return span;
}

function known(name: string | undefined, kind: string, id: number): string {
  if (name === undefined) throw new Error(`no name is known for ${kind} ${id}`);
  return name;
}

/** One gRPC message: not compressed, its length, and an `UpstreamSegment` around the `SegmentObject`. */
function writeV2Segment(buf: Buffer, pos: number, segment: Segment, names: V2Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeV2Id(buf, message + 1, numericTraceId(segment));
  buf[at] = 0x12;
  const body = at + 3;
  buf[body] = 0x0a;
  at = writeV2Id(buf, body + 1, segment.segmentId);
  for (const span of segment.spans) at = writeV2Span(buf, at, span, names);
  at = writeOwner(buf, at, names);
  if (segment.isSizeLimited) {
    buf[at] = 0x28;
    buf[at + 1] = 1;
    at += 2;
  }
  const end = closeLength(buf, body, at, 2);
  buf[pos] = 0;
  buf.writeUInt32BE(end - message, pos + 1);
  return end;
}

function writeOwner(buf: Buffer, pos: number, names: V2Names): number {
  let at = pos;
  if (names.serviceId !== 0) {
    buf[at] = 0x18;
    at = writeInt32(buf, at + 1, names.serviceId);
  }
  if (names.instanceId !== 0) {
    buf[at] = 0x20;
    at = writeInt32(buf, at + 1, names.instanceId);
  }
  return at;
}

/**
 * The way back from `writeV2Segment`, of its message without the five bytes before it: for what waited until its ids were
 * given up, or the protocol is another. It holds names again, its refs aside.
 *
 * Throws on what is no such message, and on an id that `names` knows no name of.
 *
 * @param names those it was written with
 */
function readV2Segment(message: Buffer, names: V2Names): Segment {
  const upstream = new Fields(new MessageReader(message));
  const fields = new Fields(upstream.one(2));
  const segment = new Segment(readV2Id(upstream.one(1)), readV2Id(fields.one(1)));
  segment.isSizeLimited = fields.isSet(5);
  for (const span of fields.all(2)) segment.add(readV2Span(span, segment, names));
  return segment;
}

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  maxSize: maxSegmentSize,
  encode: writeV2Segment,
  decode: readV2Segment,
  countUnusableRefs: unusableRefs,
};
