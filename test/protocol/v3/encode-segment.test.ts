import fc from 'fast-check';
import { systemClock } from '../../../src/base/clock';
import { SegmentEncoder } from '../../../src/export/open-batch';
import { Component, Layer, SpanType } from '../../../src/model/components';
import { CompactId, OpaqueId } from '../../../src/model/ids';
import type { V3Names } from '../../../src/model/names';
import { Segment, Span, type V3Ref } from '../../../src/model/segment';
import { v3SegmentCodec } from '../../../src/protocol/v3/segment-codec';
import { IdGenerator } from '../../../src/tracing/id-generator';
import { anySegment } from '../../support/wire/arbitrary';
import { oracleV3Decode, oracleV3Frame } from '../../support/wire/oracle-v3';
import { entryAndExit, failedWithRef } from '../../support/wire/segments';
import { vector } from '../../support/wire/vector';

const encoder = new SegmentEncoder();
const NAMES: V3Names = {
  protocol: 'v3',
  epoch: 1,
  service: 'orders',
  instance: 'orders-1',
  endpoint: (name) => name.slice(0, 150),
};

function encode(segment: Segment, names = NAMES): Buffer {
  encoder.clear();
  expect(encoder.append(segment, v3SegmentCodec, names)).toBe('whole');
  return encoder.take();
}

interface Decoded {
  readonly spans: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

const decode = (frame: Buffer): Decoded => oracleV3Decode('SegmentObject', frame.subarray(5)) as Decoded;

/** As in the vector `segment-v3-entry-exit`. */
function ofTheVector(): Segment {
  const own = 'a12ff60b5807463791620495ad16d6ce.4242.';
  const traceId = new OpaqueId(`${own}17321000000000001`);
  const segment = new Segment(traceId, new OpaqueId(`${own}17321000000000000`) as unknown as CompactId);
  const exit = new Span(segment, 1, 0, SpanType.exit, '/stock', 1_732_100_000_005);
  Object.assign(exit, { endTime: 1_732_100_000_015, peer: 'stock:8080', layer: Layer.http, method: 'GET' });
  exit.componentId = Component.httpClient;
  const entry = new Span(segment, 0, -1, SpanType.entry, 'GET:/orders/{id}', 1_732_100_000_000);
  Object.assign(entry, { endTime: 1_732_100_000_020, layer: Layer.http, componentId: Component.httpServer });
  const ref: V3Ref = {
    refType: 0,
    traceId,
    parentSegmentId: new OpaqueId('0c6f.1.2'),
    parentSpanId: 3,
    parentService: 'web',
    parentInstance: 'web-1',
    parentEndpoint: 'GET:/',
    addressUsedAtPeer: 'orders:3000',
  };
  entry.refs = [ref];
  segment.add(exit);
  segment.add(entry);
  return segment;
}

describe('a v3 segment on the wire', () => {
  it('is byte for byte what protoc makes of it', () => {
    const frame = encode(ofTheVector());
    expect(frame.subarray(5).toString('hex')).toBe(vector('segments/segment-v3-entry-exit').toString('hex'));
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
    expect(frame[0]).toBe(0);
  });

  it('is what protobufjs makes of it, whatever the values', () => {
    fc.assert(
      fc.property(anySegment, (segment) => {
        expect(encode(segment).equals(oracleV3Frame(segment, NAMES))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('names a request by method and path, and a call by its path; tags go by the names of v3', () => {
    const { spans } = decode(encode(entryAndExit()));
    expect(spans.map(({ operationName }) => operationName)).toEqual(['/stock', 'GET:/orders/17']);
    expect(spans[1]!.tags).toEqual([
      { key: 'url', value: 'http://orders:3000/orders/17' },
      { key: 'http.method', value: 'GET' },
      { key: 'http.status_code', value: '200' },
    ]);
  });

  it('carries ids as three numbers in text, with every digit of a sequence', () => {
    const id = new CompactId(1_073_741_824, 16_383, 1_763_760_000_000, 7);
    const { traceId, traceSegmentId } = decode(encode(new Segment(id, new CompactId(0, 0, 9, 9_999))));
    expect(traceId).toBe('1073741824.16383.17637600000000007');
    expect(traceSegmentId).toBe('0.0.99999');
  });

  it('cuts only the names of endpoints, by the rule it is given', () => {
    const segment = entryAndExit();
    for (const span of segment.spans) span.operationName = `/${'x'.repeat(300)}`;
    const [exit, entry] = decode(encode(segment)).spans;
    expect(entry!.operationName).toBe(`GET:/${'x'.repeat(145)}`);
    expect(exit!.operationName).toHaveLength(301);
  });

  it('leaves out the refs of v2, whose ids are no names, and counts them', () => {
    const before = encoder.refsLeftOut;
    const { spans } = decode(encode(failedWithRef()));
    expect(spans[0]!.refs).toEqual([]);
    expect(encoder.refsLeftOut).toBe(before + 1);
    encode(ofTheVector());
    expect(encoder.refsLeftOut).toBe(before + 1);
  });

  it('says on every span that the trace does not count', () => {
    const segment = entryAndExit();
    expect(decode(encode(segment)).spans.map(({ skipAnalysis }) => skipAnalysis)).toEqual([false, false]);
    segment.skipsAnalysis = true;
    expect(decode(encode(segment)).spans.map(({ skipAnalysis }) => skipAnalysis)).toEqual([true, true]);
  });

  it('without its tags and logs, where it is too large with them, has its names and still does not count', () => {
    const segment = entryAndExit();
    segment.skipsAnalysis = true;
    segment.spans[0]!.tags = ['huge', 'x'.repeat(5 * 1024 * 1024)];
    encoder.clear();
    expect(encoder.append(segment, v3SegmentCodec, NAMES)).toBe('bare');
    expect(decode(encoder.take()).spans).toMatchObject([
      { operationName: '/stock', skipAnalysis: true },
      { operationName: 'GET:/orders/17', skipAnalysis: true },
    ]);
  });

  it('takes at most 200 bytes for a hello-world request, with an instance name of eight characters', () => {
    const ids = new IdGenerator(systemClock);
    const segment = new Segment(ids.next(), ids.next());
    const entry = new Span(segment, 0, -1, SpanType.entry, '/', 1_763_760_000_000);
    Object.assign(entry, { endTime: 1_763_760_000_001, layer: Layer.http, method: 'GET', statusCode: 200 });
    entry.componentId = Component.httpServer;
    entry.url = 'http://127.0.0.1:8080/';
    segment.add(entry);
    expect(encode(segment, { ...NAMES, service: 'hello' }).length).toBeLessThanOrEqual(200);
  });
});
