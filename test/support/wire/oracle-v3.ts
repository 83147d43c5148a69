import path from 'node:path';
import { loadSync, type Root, util } from 'protobufjs';
import type { V3Names } from '../../../src/model/names';
import type { Segment, Span, V3Ref } from '../../../src/model/segment';
import { pairs, tidy } from './oracle';

const PROTO = path.join(__dirname, '..', '..', '..', 'proto', 'v3');
const FILES = ['management.proto', 'segment.proto', 'configuration.proto', 'meter.proto', 'log.proto'];
const root: Root = loadSync(FILES.map((name) => path.join(PROTO, name)));
root.resolveAll();

type Json = Record<string, unknown>;

const Long = util.Long as unknown as { fromString(text: string): unknown };

/** As `oracleEncode`, of the package of v3. */
export function oracleV3Encode(type: string, message: Json): Buffer {
  return Buffer.from(
    root
      .lookupType(`skywalking.v3.${type}`)
      .encode(tidy(message) as Json)
      .finish(),
  );
}

export function oracleV3Decode(type: string, bytes: Uint8Array): Json {
  const message = root.lookupType(`skywalking.v3.${type}`);
  return message.toObject(message.decode(bytes), { longs: String, defaults: true, arrays: true });
}

/** The whole gRPC frame that a segment has to become. */
export function oracleV3Frame(segment: Segment, names: V3Names): Buffer {
  const message = oracleV3Encode('SegmentObject', {
    traceId: String(segment.traceId),
    traceSegmentId: String(segment.segmentId),
    spans: segment.spans.map((span) => spanObject(span, segment.skipsAnalysis, names)),
    service: names.service,
    serviceInstance: names.instance,
    isSizeLimited: segment.isSizeLimited,
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function spanObject(span: Span, skipAnalysis: boolean, names: V3Names): Json {
  const isEntry = span.type === 0;
  const endpoint = span.method === '' ? span.operationName : `${span.method}:${span.operationName}`;
  const known = [
    ['url', span.url],
    ['http.method', span.method],
    ['http.status_code', span.statusCode === 0 ? '' : String(span.statusCode)],
  ].filter(([, value]) => value !== '');
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startTime: Long.fromString(String(BigInt(span.startTime))),
    endTime: Long.fromString(String(BigInt(span.endTime))),
    refs: (span.refs ?? []).filter((ref): ref is V3Ref => ref.parentService !== undefined).map(reference),
    operationName: isEntry ? names.endpoint(endpoint) : span.operationName,
    peer: span.peer,
    spanType: span.type,
    spanLayer: span.layer,
    componentId: span.componentId,
    isError: span.isError,
    tags: [...known.map(([key, value]) => ({ key, value })), ...pairs(span.tags ?? [])],
    logs: (span.logs ?? []).map(({ time, data }) => ({
      time: Long.fromString(String(BigInt(time))),
      data: pairs(data),
    })),
    skipAnalysis,
  };
}

function reference(ref: V3Ref): Json {
  return {
    refType: ref.refType,
    traceId: String(ref.traceId),
    parentTraceSegmentId: String(ref.parentSegmentId),
    parentSpanId: ref.parentSpanId,
    parentService: ref.parentService,
    parentServiceInstance: ref.parentInstance,
    parentEndpoint: ref.parentEndpoint,
    networkAddressUsedAtPeer: ref.addressUsedAtPeer,
  };
}
