import type { SegmentCodec } from '../../export/ports';
import { componentOnV2, Layer, type RefType, SpanType, USER_ENDPOINT } from '../../model/components';
import { CompactId, Int64Id, type NumericId, numericTraceId } from '../../model/ids';
import { MAX_ENDPOINT_LENGTH } from '../../model/limits';
import type { V2Names } from '../../model/names';
import { Segment, type SegmentRef, type Span, type V2Ref } from '../../model/segment';
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
import {
  closeLength,
  writeBigInt64,
  writeFastText,
  writeInt32,
  writeInt64,
  writeMillisAndSequence,
} from '../protobuf/fast/value';

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

/** Most are, and cost no call. */
function isShort(name: string): boolean {
  return name.length <= MAX_ENDPOINT_LENGTH;
}

function writeOperation(buf: Buffer, pos: number, span: Span, names: V2Names): number {
  const { operationName } = span;
  const name = isShort(operationName) ? operationName : names.fitting(operationName);
  if (name === '') return pos;
  const id = span.type === SpanType.entry ? names.endpoint(name) : 0;
  if (id !== 0) return writeNumber(buf, pos, 0x30, id);
  buf[pos] = 0x3a;
  return writeFastText(buf, pos + 1, name);
}

function writePeer(buf: Buffer, pos: number, peer: string, names: V2Names): number {
  const name = isShort(peer) ? peer : names.fittingAddress(peer);
  const id = names.networkAddress(name);
  if (id !== 0) return writeNumber(buf, pos, 0x40, id);
  buf[pos] = 0x4a;
  return writeFastText(buf, pos + 1, name);
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

/** A `UniqueId` with its length before it: `idParts` are packed, zeros included. Always under 128 bytes. */
function writeV2Id(buf: Buffer, pos: number, id: NumericId): number {
  const parts = pos + 3;
  let at: number;
  if (id instanceof CompactId) {
    at = writeInt64(buf, writeInt64(buf, parts, id.first), id.second);
    at = writeMillisAndSequence(buf, at, id.millis, id.sequence);
  } else {
    at = writeBigInt64(buf, writeBigInt64(buf, parts, id.parts[0]), id.parts[1]);
    at = writeBigInt64(buf, at, id.parts[2]);
  }
  buf[pos] = at - pos - 1;
  buf[pos + 1] = 0x0a;
  buf[pos + 2] = at - parts;
  return at;
}

/** A `UniqueId`. Whether we made it ourselves makes no difference any more: on the wire it is three int64. */
export function readV2Id(message: MessageReader): Int64Id {
  const parts = new Fields(message).one(1);
  const id = new Int64Id([parts.bigint(), parts.bigint(), parts.bigint()]);
  if (!parts.isAtEnd) throw new Error('an id has more than three parts');
  return id;
}

/** For an entry endpoint that there is none: what OAP itself calls that. It takes 0 for a name that is still to come. */
const NONE = -1;

/**
 * Whether a backend takes a segment with this ref; with any other it drops the segment. A ref of another epoch holds
 * ids that belong to no instance by now, or to another one.
 */
function isUsable(ref: SegmentRef, names: V2Names): ref is V2Ref {
  if (ref.parentService !== undefined) return false;
  const { networkAddress, parentInstanceId, entryInstanceId } = ref;
  const hasAddress = typeof networkAddress === 'number' ? networkAddress > 0 : networkAddress !== '';
  return ref.epoch === names.epoch && hasAddress && parentInstanceId > 0 && entryInstanceId > 0;
}

/** How many refs of a segment are left out, so that it gets through. */
function unusableRefs(segment: Segment, names: V2Names): number {
  let count = 0;
  for (const { refs } of segment.spans) {
    if (refs) for (const ref of refs) if (!isUsable(ref, names)) count++;
  }
  return count;
}

/** A `SegmentReference`, as field 5 of a span. */
export function writeV2Ref(buf: Buffer, pos: number, ref: V2Ref, names: V2Names): number {
  buf[pos] = 0x2a;
  const body = pos + 3;
  let at = writeIfAny(buf, body, 0x08, ref.refType);
  buf[at] = 0x12;
  at = writeV2Id(buf, at + 1, ref.parentSegmentId);
  at = writeIfAny(buf, at, 0x18, ref.parentSpanId);
  at = writeIfAny(buf, at, 0x20, ref.parentInstanceId);
  at = writeNameOrId(buf, at, 0x2a, 0x30, addressOf(ref, names));
  at = writeIfAny(buf, at, 0x38, ref.entryInstanceId);
  at = writeNameOrId(buf, at, 0x42, 0x48, endpointOf(ref.entryEndpoint, ref.entryInstanceId, names, NONE));
  at = writeNameOrId(buf, at, 0x52, 0x58, endpointOf(ref.parentEndpoint, ref.parentInstanceId, names, USER_ENDPOINT));
  return closeLength(buf, body, at, 2);
}

/** As the caller's exit span has it, as far as it can have an id. */
function addressOf({ networkAddress }: V2Ref, names: V2Names): string | number {
  if (typeof networkAddress === 'number') return networkAddress;
  const name = names.fittingAddress(networkAddress);
  return names.networkAddress(name) || name;
}

/**
 * The id of an endpoint by name is known of our own service only, and a name means another endpoint in every service.
 * Where the other side is not this very instance, the name goes as it came, or not at all: the backend only looks for
 * it there.
 */
function endpointOf(
  endpoint: string | number | undefined,
  instanceId: number,
  names: V2Names,
  none: number,
): string | number {
  if (endpoint === undefined || endpoint === '') return none;
  if (typeof endpoint === 'number') return endpoint > 0 ? endpoint : none;
  if (instanceId !== names.instanceId) return names.canHold(endpoint) ? endpoint : none;
  const own = names.fitting(endpoint);
  return names.endpoint(own) || own;
}

function writeNameOrId(buf: Buffer, pos: number, nameTag: number, idTag: number, nameOrId: string | number): number {
  if (typeof nameOrId === 'number') return writeIfAny(buf, pos, idTag, nameOrId);
  if (nameOrId === '') return pos;
  buf[pos] = nameTag;
  return writeFastText(buf, pos + 1, nameOrId);
}

function writeIfAny(buf: Buffer, pos: number, tag: number, value: number): number {
  return value === 0 ? pos : writeNumber(buf, pos, tag, value);
}

/**
 * A `SegmentReference`, as it stands there. Its ids are the caller's, so no names can be made of them: it belongs to the
 * epoch it was written in, and is left out and counted in any other.
 */
export function readV2Ref(message: MessageReader, epoch: number): V2Ref {
  const fields = new Fields(message);
  return {
    epoch,
    refType: fields.number(1) as RefType,
    parentSegmentId: readV2Id(fields.one(2)),
    parentSpanId: fields.number(3),
    parentInstanceId: fields.number(4),
    networkAddress: nameOrId(fields, 5, 6),
    entryInstanceId: fields.number(7),
    entryEndpoint: nameOrId(fields, 8, 9),
    parentEndpoint: nameOrId(fields, 10, 11),
  };
}

function nameOrId(fields: Fields, name: number, id: number): string | number {
  return fields.isSet(id) ? fields.number(id) : fields.text(name);
}
