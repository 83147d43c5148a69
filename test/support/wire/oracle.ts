import path from 'node:path';
import { loadSync, type Root, util } from 'protobufjs';
import { componentOnV2 } from '../../../src/model/components';
import { CompactId, type NumericId, numericTraceId } from '../../../src/model/ids';
import type { V2Names } from '../../../src/model/names';
import type { Segment, Span, V2Ref } from '../../../src/model/segment';

const PROTO = path.join(__dirname, '..', '..', '..', 'proto', 'v2');
const root: Root = loadSync(['register.proto', 'ping.proto', 'segment.proto'].map((name) => path.join(PROTO, name)));
root.resolveAll();

type Json = Record<string, unknown>;

// Its declaration lacks what belongs to the class itself.
const Long = util.Long as unknown as { fromString(text: string): unknown; isLong(value: unknown): boolean };

/**
 * What protobufjs makes of a message, by reflection over our `.proto` files. Unlike protoc it writes defaults that are
 * set, and lets some lone surrogates through: `tidy` takes both away beforehand.
 */
export function oracleEncode(type: string, message: Json): Buffer {
  return Buffer.from(
    root
      .lookupType(type)
      .encode(tidy(message) as Json)
      .finish(),
  );
}

export function oracleDecode(type: string, bytes: Uint8Array): Json {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String, defaults: true, arrays: true });
}

/** The whole gRPC frame that a segment has to become. */
export function oracleFrame(segment: Segment, names: V2Names): Buffer {
  const message = oracleEncode('UpstreamSegment', {
    globalTraceIds: [uniqueId(numericTraceId(segment))],
    segment: oracleEncode('SegmentObject', segmentObject(segment, names)),
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function segmentObject(segment: Segment, names: V2Names): Json {
  return {
    traceSegmentId: uniqueId(segment.segmentId),
    spans: segment.spans.map((span) => spanObject(span, names)),
    serviceId: names.serviceId,
    serviceInstanceId: names.instanceId,
    isSizeLimited: segment.isSizeLimited,
  };
}

function spanObject(span: Span, names: V2Names): Json {
  const endpointId = span.type === 0 ? names.endpoint(span.operationName) : 0;
  const peerId = names.networkAddress(span.peer);
  const known = [
    ['url', span.url],
    ['http.method', span.method],
    ['status_code', span.statusCode === 0 ? '' : String(span.statusCode)],
  ].filter(([, value]) => value !== '');
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startTime: long(BigInt(span.startTime)),
    endTime: long(BigInt(span.endTime)),
    refs: (span.refs ?? [])
      .filter((ref): ref is V2Ref => ref.parentService === undefined && isTaken(ref, names))
      .map((ref) => reference(ref, names)),
    ...(endpointId ? { operationNameId: endpointId } : { operationName: span.operationName }),
    ...(peerId ? { peerId } : { peer: span.peer }),
    spanType: span.type,
    spanLayer: span.layer,
    componentId: componentOnV2(span.componentId),
    isError: span.isError,
    tags: [...known.map(([key, value]) => ({ key, value })), ...pairs(span.tags ?? [])],
    logs: (span.logs ?? []).map(({ time, data }) => ({ time: long(BigInt(time)), data: pairs(data) })),
  };
}

function isTaken({ epoch, networkAddress, parentInstanceId, entryInstanceId }: V2Ref, names: V2Names): boolean {
  const hasAddress = networkAddress !== '' && !(Number(networkAddress) <= 0 && typeof networkAddress === 'number');
  return epoch === names.epoch && hasAddress && parentInstanceId > 0 && entryInstanceId > 0;
}

function reference(ref: V2Ref, names: V2Names): Json {
  const { entryEndpoint, parentEndpoint, networkAddress } = ref;
  return {
    refType: ref.refType,
    parentTraceSegmentId: uniqueId(ref.parentSegmentId),
    parentSpanId: ref.parentSpanId,
    parentServiceInstanceId: ref.parentInstanceId,
    entryServiceInstanceId: ref.entryInstanceId,
    ...idOrName('networkAddress', networkAddress, (name) => names.networkAddress(name)),
    ...idOrName('entryEndpoint', someOr(entryEndpoint, -1), ownEndpoints(ref.entryInstanceId, names)),
    ...idOrName('parentEndpoint', someOr(parentEndpoint, 1), ownEndpoints(ref.parentInstanceId, names)),
  };
}

const someOr = (endpoint: string | number | undefined, none: number): string | number =>
  endpoint === undefined || endpoint === '' || (typeof endpoint === 'number' && endpoint <= 0) ? none : endpoint;

const ownEndpoints = (instanceId: number, names: V2Names) => (name: string) =>
  instanceId === names.instanceId ? names.endpoint(name) : 0;

function idOrName(field: string, value: string | number | undefined, lookUp: (name: string) => number): Json {
  const id = typeof value === 'string' ? lookUp(value) : value;
  return id ? { [`${field}Id`]: id } : { [field]: value };
}

export function pairs(data: readonly string[]): Json[] {
  return Array.from({ length: Math.ceil(data.length / 2) }, (_, i) => ({
    key: data[2 * i],
    value: data[2 * i + 1] ?? '',
  }));
}

function uniqueId(id: NumericId): Json {
  const parts =
    id instanceof CompactId
      ? [BigInt(id.first), BigInt(id.second), BigInt(id.millis) * 10_000n + BigInt(id.sequence)]
      : id.parts;
  return { idParts: parts.map(long) };
}

function long(value: bigint): unknown {
  return Long.fromString(BigInt.asIntN(64, value).toString());
}

/** Without defaults (but in arrays, where they count), and with strings as UTF-8 can hold them. */
export function tidy(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || Long.isLong(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => !isDefault(field));
  return Object.fromEntries(kept.map(([name, field]) => [name, tidy(field)]));
}

function isDefault(value: unknown): boolean {
  if (Long.isLong(value)) return (value as { isZero(): boolean }).isZero();
  return value === undefined || value === '' || value === 0 || value === false;
}
