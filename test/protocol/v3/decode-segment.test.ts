import fc from 'fast-check';
import { Layer, SpanType } from '../../../src/model/components';
import { CompactId, Int64Id, type NumericId, OpaqueId } from '../../../src/model/ids';
import type { V3Names } from '../../../src/model/names';
import { Segment, Span, type V3Ref } from '../../../src/model/segment';
import { v3SegmentCodec } from '../../../src/protocol/v3/segment-codec';
import { anyOfBoth, anyTagged } from '../../support/wire/any-tags';
import { messageOf } from '../../support/wire/message-of';
import { someNames } from '../../support/wire/names';
import { entryAndExit, failedWithRef } from '../../support/wire/segments';
import { anyTwoWayNames } from '../../support/wire/two-way-names';

const NAMES: V3Names = { protocol: 'v3', epoch: 1, service: 'orders', instance: 'orders-1', endpoint: (name) => name };
/** As the agent cuts them: not through a character. */
const CUTTING: V3Names = { ...NAMES, endpoint: (name) => name.slice(0, 150).replace(/[\ud800-\udbff]$/, '') };

/** Made after the first ten milliseconds of 1970, as all ids of segments are. */
const anyLikely = anyTagged.filter(({ segmentId }) => !(segmentId instanceof CompactId) || segmentId.millis > 0);

const REF: V3Ref = {
  refType: 1,
  traceId: new OpaqueId('0c6f-4d'),
  parentSegmentId: new Int64Id([-1n, 2n ** 53n + 1n, 3n]),
  parentSpanId: 3,
  parentService: 'web ⚓',
  parentInstance: 'web-1',
  parentEndpoint: 'GET:/',
  addressUsedAtPeer: 'orders:3000',
};

function segmentOf(fields: Partial<Span>, type: SpanType = SpanType.entry): Segment {
  const segment = new Segment(new CompactId(7, 1, 1_700_000_000_000, 0), new CompactId(7, 1, 1_700_000_000_000, 1));
  segment.add(Object.assign(new Span(segment, 0, -1, type, '/', 1), fields));
  return segment;
}

const again = (segment: Segment, names = NAMES): Segment => v3SegmentCodec.decode(messageOf(segment, names), names);

describe('what was written for v3, read again', () => {
  it('is the same bytes when it is written again, whatever the values', () => {
    fc.assert(
      fc.property(anyLikely, fc.constantFrom(NAMES, CUTTING), (segment, names) => {
        const message = messageOf(segment, names);
        expect(messageOf(v3SegmentCodec.decode(message, names), names).equals(message)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('is the same segment for a v2 backend', () => {
    fc.assert(
      fc.property(anyOfBoth, anyTwoWayNames(2), (segment, names) => {
        expect(messageOf(again(segment), names).equals(messageOf(segment, names))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('names requests by their path, as v2 does and as the method can be put before again', () => {
    expect(again(entryAndExit()).spans).toMatchObject([
      { type: SpanType.exit, operationName: '/stock', method: 'GET', statusCode: 200, peer: 'stock:8080' },
      { type: SpanType.entry, operationName: '/orders/17', method: 'GET', statusCode: 200, tags: undefined },
    ]);
  });

  it('takes nothing away that only looks like a method', () => {
    const http = { layer: Layer.http, method: 'GET' };
    const nameOf = (segment: Segment): string => again(segment).spans[0]!.operationName;
    expect(nameOf(segmentOf({ operationName: 'GET:/a' }))).toBe('GET:/a');
    expect(nameOf(segmentOf({ operationName: 'GET:/a', ...http }))).toBe('GET:/a');
    expect(nameOf(segmentOf({ operationName: 'GET:/a', ...http }, SpanType.exit))).toBe('GET:/a');
    expect(nameOf(segmentOf({ operationName: 'POST:/a', ...http }))).toBe('POST:/a');
  });

  it('leaves a tag of the application that is called as the method is, where the name tells that it is none', () => {
    const tags = ['http.method', 'GET', 'http.status_code', '200'];
    for (const layer of [Layer.unknown, Layer.http]) {
      const [span] = again(segmentOf({ operationName: '/a', layer, tags })).spans;
      expect(span).toMatchObject({ operationName: '/a', method: '', statusCode: 0, tags });
    }
  });

  it('has its refs again, by name', () => {
    const [span] = again(segmentOf({ refs: [REF, { ...REF, refType: 0, parentSpanId: 0 }] })).spans;
    expect(span!.refs).toEqual([REF, { ...REF, refType: 0, parentSpanId: 0 }]);
    // Those of v2 were left out.
    expect(again(failedWithRef()).spans[0]!.refs).toBeUndefined();
  });

  it('has its error, its log and its times again, and that spans are missing', () => {
    const segment = failedWithRef();
    const read = again(segment);
    expect(read.isSizeLimited).toBe(true);
    expect(read.spans).toHaveLength(1);
    expect(read.spans[0]).toMatchObject(Object.assign({}, segment.spans[0], { segment: {}, refs: undefined }));
    expect(read.spans[0]!.segment).toBe(read);
  });

  it('does not count in the metrics if it did not', () => {
    for (const skipsAnalysis of [true, false]) {
      expect(again(Object.assign(entryAndExit(), { skipsAnalysis }))).toMatchObject({ skipsAnalysis });
    }
  });

  it('has numbers for ids where they are numbers, to the last digit, and else the text', () => {
    const ids = [
      [new CompactId(10_000, 99_999, 1_763_760_000_000, 7), CompactId],
      [new Int64Id([-1n, -(2n ** 63n), 2n ** 63n - 1n]), Int64Id],
      [new Int64Id([2n ** 53n + 1n, 0n, 0n]), Int64Id],
      [new OpaqueId('a12ff60b5807463791620495ad16d6ce.4242.17321000000000001'), OpaqueId],
      // A leading zero, and 2^63.
      [new OpaqueId('1.2.03'), OpaqueId],
      [new OpaqueId('1.2.9223372036854775808'), OpaqueId],
    ] as const;
    for (const [id, kind] of ids) {
      const { traceId } = again(new Segment(id, new CompactId(1, 1, 1_763_760_000_000, 7)));
      expect(traceId).toBeInstanceOf(kind);
      expect(String(traceId)).toBe(String(id));
    }
  });

  it('is refused where its own id is no number, which v2 could not carry', () => {
    const segment = new Segment(new OpaqueId('a-b'), new OpaqueId('a-b') as unknown as NumericId);
    expect(() => again(segment)).toThrow('the id of the segment is none of ours');
  });

  it('is refused wherever it was cut short', () => {
    const segment = failedWithRef();
    segment.spans[0]!.refs!.push(REF);
    for (const isSizeLimited of [false, true]) {
      const message = messageOf(Object.assign(segment, { isSizeLimited }), NAMES);
      // That spans are missing is said last: without these two bytes it is whole, too.
      const whole = isSizeLimited ? message.length - 2 : message.length;
      for (let length = 0; length < message.length; length++) {
        if (length !== whole) expect(() => v3SegmentCodec.decode(message.subarray(0, length), NAMES)).toThrow();
      }
    }
  });

  it('is written by ids and names of v2 once they are known', () => {
    const names = someNames({ endpoints: { '/orders/17': 12 }, networkAddresses: { 'stock:8080': 9 } });
    expect(messageOf(again(entryAndExit()), names).equals(messageOf(entryAndExit(), names))).toBe(true);
  });
});
