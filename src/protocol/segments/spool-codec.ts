import type { SegmentEncoding } from '../../export/ports';
import { Layer, SpanType } from '../../model/components';
import { GRPC_PREFIX_BYTES } from '../../model/limits';
import type { V2Names, V3Names } from '../../model/names';
import type { Segment, Span, V2Ref } from '../../model/segment';
import type { SpoolCodec } from '../../spool/ports';
import { Fields, MessageReader } from '../protobuf/control/reader';
import { maxSegmentSize, writeNumber } from '../protobuf/fast/field';
import { closeLength } from '../protobuf/fast/value';
import { readV2Ref, writeV2Ref } from '../v2/segment-codec';
import { v3EndpointName } from '../v3/names';
import { v3SegmentCodec } from '../v3/segment-codec';

/** The epoch of no registration: the first one is 1. */
const NO_REGISTRATION = 0;
/** Service and instance stand once in each file, and names are written as they are. */
const BY_NAME: V3Names = {
  protocol: 'v3',
  epoch: NO_REGISTRATION,
  service: '',
  instance: '',
  endpoint: (name) => name,
};
/** No id is known, so that names stay names. */
export const WITHOUT_IDS: V2Names = {
  protocol: 'v2',
  epoch: NO_REGISTRATION,
  serviceId: 0,
  instanceId: 0,
  fitting: (name) => name,
  fittingAddress: (address) => address,
  canHold: () => true,
  endpoint: () => 0,
  networkAddress: () => 0,
  endpointOf: () => undefined,
  networkAddressOf: () => undefined,
};
const MORE = 15;
/** Which fields of HTTP a span has; not 0, so that it can be told from a ref. */
const NONE = 8;
const URL = 1;
const METHOD = 2;
const STATUS_CODE = 4;
const ALL = NONE | URL | METHOD | STATUS_CODE;

/**
 * A `SegmentObject` of v3, which holds names, and behind it in field 15 what v3 has no place for: refs that a v2 caller
 * sent, and which tags are fields of HTTP, where that is not clear. The ids of such refs are those of one registration of
 * the process that got them, and are left out by any other.
 */
export const spoolCodec: SpoolCodec = { maxSize: maxSegmentSize, encode: writeRecord, decode: readRecord };

/** How segments wait in memory while no backend knows us. The names are those of no registration, so they match none. */
export const encodingByName: SegmentEncoding<V2Names> = {
  names: WITHOUT_IDS,
  codec: {
    maxSize: maxSegmentSize,
    encode: writeRecord,
    decode: (record) => readRecord(record, true),
    countUnusableRefs: () => 0,
  },
};

function writeRecord(buf: Buffer, pos: number, segment: Segment): number {
  const end = v3SegmentCodec.encode(buf, pos, segment, BY_NAME);
  const at = writeMore(buf, end, segment);
  if (at > end) buf.writeUInt32BE(at - pos - GRPC_PREFIX_BYTES, pos + 1);
  return at;
}

function readRecord(record: Buffer, isOwn: boolean): Segment {
  const segment = v3SegmentCodec.decode(record, BY_NAME);
  for (const piece of new Fields(new MessageReader(record)).all(MORE)) {
    const fields = new Fields(piece);
    const span = segment.spans[fields.number(1)];
    if (!span) throw new Error('a field belongs to no span');
    const http = fields.number(3);
    if (http !== 0) setHttpFields(span, http);
    else span.refs = [...(span.refs ?? []), readV2Ref(fields.one(5), isOwn ? fields.number(2) : NO_REGISTRATION)];
  }
  return segment;
}

function writeMore(buf: Buffer, pos: number, { spans }: Segment): number {
  let at = pos;
  for (let index = 0; index < spans.length; index++) {
    const span = spans[index] as Span;
    const http = httpFields(span);
    if (http !== (span.layer === Layer.http ? ALL : NONE) || span.statusCode < 0) at = writePiece(buf, at, index, http);
    if (!span.refs) continue;
    for (const ref of span.refs) if (ref.parentService === undefined) at = writePiece(buf, at, index, ref);
  }
  return at;
}

/** With the number of its span. */
function writePiece(buf: Buffer, pos: number, index: number, what: V2Ref | number): number {
  buf[pos] = 0x7a;
  const body = pos + 3;
  let end = writeNumber(buf, body, 0x08, index);
  if (typeof what === 'number') end = writeNumber(buf, end, 0x18, what);
  else end = writeV2Ref(buf, writeNumber(buf, end, 0x10, what.epoch), what, WITHOUT_IDS);
  return closeLength(buf, body, end, 2);
}

function httpFields({ urlRest, method, statusCode }: Span): number {
  return NONE | (urlRest === '' ? 0 : URL) | (method === '' ? 0 : METHOD) | (statusCode === 0 ? 0 : STATUS_CODE);
}

/** The reader goes by the layer, and by what the tags are called: what it has made of them is made again. */
function setHttpFields(span: Span, http: number): void {
  const { url, method, statusCode, tags = [] } = span;
  const pairs: string[] = [];
  if (url !== '') pairs.push('url', url);
  if (method !== '') pairs.push('http.method', method);
  if (statusCode !== 0) pairs.push('http.status_code', String(statusCode));
  pairs.push(...tags);
  const name = v3EndpointName(span);
  let at = 0;
  const take = (field: number): string => ((http & field) === 0 ? '' : (pairs[(at += 2) - 1] ?? ''));
  span.url = take(URL);
  span.method = take(METHOD);
  span.statusCode = Number(take(STATUS_CODE));
  span.tags = pairs.slice(at);
  span.operationName = span.type === SpanType.entry && span.method !== '' ? name.slice(span.method.length + 1) : name;
}
