import fc from 'fast-check';
import { SegmentEncoder } from '../../../src/export/open-batch';
import { Layer, SpanType } from '../../../src/model/components';
import { CompactId, Int64Id } from '../../../src/model/ids';
import type { V2Names } from '../../../src/model/names';
import { Segment, Span, type V2Ref } from '../../../src/model/segment';
import { v2SegmentCodec } from '../../../src/protocol/v2/segment-codec';
import { anyNames, anySegment } from '../../support/wire/arbitrary';
import { someNames } from '../../support/wire/names';
import { oracleDecode, oracleFrame } from '../../support/wire/oracle';
import { entryAndExit, failedWithRef } from '../../support/wire/segments';
import { vector } from '../../support/wire/vector';

const encoder = new SegmentEncoder();

function encode(segment: Segment, names: V2Names): Buffer {
  encoder.clear();
  expect(encoder.append(segment, v2SegmentCodec, names)).toBe('whole');
  return encoder.take();
}

interface Decoded {
  readonly spans: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

function decode(frame: Buffer): Decoded {
  const upstream = oracleDecode('UpstreamSegment', frame.subarray(5));
  return oracleDecode('SegmentObject', upstream.segment as Buffer) as Decoded;
}

function segmentOf(...spans: ((segment: Segment) => Span)[]): Segment {
  const segment = new Segment(new CompactId(7, 1, 1_700_000_000_000, 0), new CompactId(7, 1, 1_700_000_000_000, 1));
  for (const make of spans) segment.add(make(segment));
  return segment;
}

const REF: V2Ref = {
  epoch: 1,
  refType: 0,
  parentSegmentId: new Int64Id([1n, 2n, 3n]),
  parentSpanId: 0,
  parentInstanceId: 99,
  entryInstanceId: 98,
  networkAddress: 'shop:80',
  entryEndpoint: '/front',
  parentEndpoint: '/middle',
};

function refsOf(ref: Partial<V2Ref>, names: V2Names): Record<string, unknown> {
  const segment = segmentOf((own) => new Span(own, 0, -1, SpanType.entry, '/', 1));
  segment.spans[0]!.refs = [{ ...REF, ...ref }];
  return (decode(encode(segment, names)).spans[0]!.refs as Record<string, unknown>[])[0]!;
}

describe('a v2 segment on the wire', () => {
  it('has no layer that OAP 6.5 does not know, since it would lose the segment', () => {
    const layerOf = (layer: number) => {
      const segment = segmentOf((own) => new Span(own, 0, -1, SpanType.local, 'chat', 1));
      segment.spans[0]!.layer = layer as Layer;
      return decode(encode(segment, someNames({}))).spans[0]!.spanLayer;
    };
    expect([layerOf(Layer.cache), layerOf(7)]).toEqual([Layer.cache, 0]);
  });

  it('is byte for byte what protoc makes of it, with ids', () => {
    const names = someNames({ endpoints: { '/orders/17': 12 }, networkAddresses: { 'stock:8080': 9 } });
    const frame = encode(entryAndExit(), names);
    expect(frame.subarray(5).toString('hex')).toBe(vector('segments/upstream-v2').toString('hex'));
    expect(frame.toString('hex')).toContain(vector('segments/segment-v2-entry-exit-ids').toString('hex'));
  });

  it('is byte for byte what protoc makes of it, with names, a ref and an error', () => {
    // Instance 7, from which the call came, is another instance here: our own is 21.
    const frame = encode(failedWithRef(), someNames({ serviceId: 5, instanceId: 21 }));
    const upstream = oracleDecode('UpstreamSegment', frame.subarray(5));
    expect((upstream.segment as Buffer).toString('hex')).toBe(
      vector('segments/segment-v2-names-ref-error').toString('hex'),
    );
  });

  it('is what protobufjs makes of it, whatever the values', () => {
    fc.assert(
      fc.property(anySegment, anyNames, (segment, names) => {
        expect(encode(segment, names).equals(oracleFrame(segment, names))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('is right for strings of every length up to and past a longer length', () => {
    const lengths = [...Array(200).keys(), 5_460, 5_461, 5_462, 8_191, 8_192, 16_383, 16_384, 699_050, 699_051];
    for (const unit of ['a', '\u007f', '\u0080', 'é', '\u07ff', '\u0800', '⚓', '😀', '\udfff']) {
      const segment = segmentOf((own) => new Span(own, 0, -1, SpanType.local, '', 1));
      const span = segment.spans[0]!;
      for (const length of lengths) {
        span.operationName = unit.repeat(length / unit.length);
        span.tags = ['k', unit.repeat(Math.min(length, 20_000) / unit.length)];
        expect(encode(segment, someNames()).equals(oracleFrame(segment, someNames()))).toBe(true);
      }
    }
  });

  it('holds a thousand tags and two thousand spans', () => {
    const segment = segmentOf();
    for (let id = 0; id < 2_000; id++) {
      segment.add(new Span(segment, id, id - 1, SpanType.local, `step ${id}`, 1_700_000_000_000 + id));
    }
    segment.spans[0]!.tags = Array.from({ length: 2_000 }, (_, i) => `tag ${i} 😀`);
    expect(encode(segment, someNames()).equals(oracleFrame(segment, someNames()))).toBe(true);
  });

  it('keeps ten thousand ids of one millisecond apart', () => {
    const seen = new Set<string>();
    for (let sequence = 0; sequence < 10_000; sequence++) {
      const id = new CompactId(7, 1, 1_763_760_000_000, sequence);
      const frame = encode(new Segment(id, id), someNames());
      seen.add(frame.toString('latin1'));
    }
    expect(seen.size).toBe(10_000);
  });

  it('gives an id or a name, never both', () => {
    const names = someNames({ endpoints: { '/known': 5 }, networkAddresses: { 'db:1': 6 } });
    const entry = (name: string) => (own: Segment) => new Span(own, 0, -1, SpanType.entry, name, 1);
    const exit = (peer: string) => (own: Segment) =>
      Object.assign(new Span(own, 1, 0, SpanType.exit, '/known', 1), { peer });
    const { spans } = decode(encode(segmentOf(entry('/known'), entry('/new'), exit('db:1'), exit('db:2')), names));
    expect(spans.map(({ operationNameId, operationName }) => [operationNameId, operationName])).toEqual([
      [5, ''],
      [0, '/new'],
      // Only entry spans have endpoints: the same name on an exit span is another thing.
      [0, '/known'],
      [0, '/known'],
    ]);
    expect(spans.map(({ peerId, peer }) => [peerId, peer])).toEqual([
      [0, ''],
      [0, ''],
      [6, ''],
      [0, 'db:2'],
    ]);
  });

  it("leaves another service's endpoints by name, though we know an endpoint of that name", () => {
    const names = someNames({ endpoints: { '/front': 5, '/middle': 6 }, networkAddresses: { 'shop:80': 9 } });
    expect(refsOf({}, names)).toMatchObject({
      networkAddressId: 9,
      networkAddress: '',
      entryEndpoint: '/front',
      entryEndpointId: 0,
      parentEndpoint: '/middle',
      parentEndpointId: 0,
    });
  });

  it('gives the ids of our own endpoints where the work came from this very instance', () => {
    const names = someNames({ instanceId: 98, endpoints: { '/front': 5, '/middle': 6 } });
    expect(refsOf({}, names)).toMatchObject({ entryEndpointId: 5, entryEndpoint: '', parentEndpoint: '/middle' });
  });

  it('hands on the ids that a caller sent', () => {
    const ref = { networkAddress: 4, entryEndpoint: 122, parentEndpoint: 123 };
    expect(refsOf(ref, someNames())).toMatchObject({
      networkAddressId: 4,
      networkAddress: '',
      entryEndpointId: 122,
      parentEndpointId: 123,
    });
  });

  it('says of an endpoint that there is none so that both OAP 6.5 and later ones take it', () => {
    for (const none of [undefined, -1, 0, '']) {
      expect(refsOf({ entryEndpoint: none, parentEndpoint: none }, someNames())).toMatchObject({
        entryEndpoint: '',
        entryEndpointId: -1,
        parentEndpoint: '',
        parentEndpointId: 1,
      });
    }
  });

  it("leaves out a ref of another epoch, whose ids may be anybody's, and keeps those of its own", () => {
    const segment = segmentOf((own) => new Span(own, 0, -1, SpanType.entry, '/', 1));
    const refs = [1, 2, 3, 2].map((epoch) => ({ ...REF, epoch, parentSpanId: epoch }));
    segment.spans[0]!.refs = refs;
    const before = encoder.refsLeftOut;
    const decoded = decode(encode(segment, someNames({ epoch: 2 })));
    expect((decoded.spans[0]!.refs as { parentSpanId: number }[]).map(({ parentSpanId }) => parentSpanId)).toEqual([
      2, 2,
    ]);
    expect(encoder.refsLeftOut - before).toBe(2);
    // It names what it has, so that nothing is lost for the next time.
    expect(segment.spans[0]!.refs).toBe(refs);
  });

  it('joins the trace of its caller though the ref is left out', () => {
    const traceId = new Int64Id([7n, 8n, 9n]);
    const segment = new Segment(traceId, new CompactId(7, 1, 1_700_000_000_000, 1));
    const span = new Span(segment, 0, -1, SpanType.entry, '/', 1);
    span.refs = [REF];
    segment.add(span);
    const frame = encode(segment, someNames({ epoch: 9 }));
    const upstream = oracleDecode('UpstreamSegment', frame.subarray(5));
    expect(upstream.globalTraceIds).toEqual([{ idParts: ['7', '8', '9'] }]);
  });

  it('leaves out a ref without a network address or an instance, for which the whole segment would be lost', () => {
    for (const lack of [
      { networkAddress: '' },
      { networkAddress: 0 },
      { networkAddress: -1 },
      { parentInstanceId: 0 },
      { entryInstanceId: 0 },
    ]) {
      expect(refsOf(lack, someNames())).toBeUndefined();
    }
  });

  it('puts what HTTP says before the tags of the application', () => {
    const segment = entryAndExit();
    segment.spans[0]!.tags = ['own', 'tag', 'lonely'];
    expect((decode(encode(segment, someNames())).spans[0]!.tags as { key: string }[]).map(({ key }) => key)).toEqual([
      'url',
      'http.method',
      'status_code',
      'own',
      'lonely',
    ]);
  });

  it('takes at most 135 bytes for one span with ids and three tags', () => {
    const segment = entryAndExit();
    const [, entry] = segment.spans;
    segment.release();
    segment.add(entry!);
    const frame = encode(segment, someNames({ endpoints: { '/orders/17': 12 } }));
    expect((oracleDecode('UpstreamSegment', frame.subarray(5)).segment as Buffer).length).toBeLessThanOrEqual(135);
    expect(frame.length).toBeLessThanOrEqual(155);
  });
});
