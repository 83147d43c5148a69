import fc from 'fast-check';
import { Layer, SpanType } from '../../../src/model/components';
import { CompactId, Int64Id, OpaqueId } from '../../../src/model/ids';
import type { V3Names } from '../../../src/model/names';
import { Segment, Span } from '../../../src/model/segment';
import { v2SegmentCodec } from '../../../src/protocol/v2/segment-codec';
import { v3SegmentCodec } from '../../../src/protocol/v3/segment-codec';
import { anyOfBoth, anyTagged } from '../../support/wire/any-tags';
import { messageOf } from '../../support/wire/message-of';
import { someNames } from '../../support/wire/names';
import { entryAndExit, failedWithRef } from '../../support/wire/segments';
import { anyTwoWayNames } from '../../support/wire/two-way-names';
import { vector } from '../../support/wire/vector';

const V3: V3Names = { protocol: 'v3', epoch: 4, service: 'orders', instance: 'orders-1', endpoint: (name) => name };
/** Knows the names of `entryAndExit`. */
const KNOWING = someNames({ endpoints: { '/orders/17': 12 }, networkAddresses: { 'stock:8080': 9 } });

describe('what was written for v2, read again', () => {
  it('is the same bytes when it is written again with the same ids, whatever the values', () => {
    fc.assert(
      fc.property(anyTagged, anyTwoWayNames(1), (segment, names) => {
        const message = messageOf(segment, names);
        expect(messageOf(v2SegmentCodec.decode(message, names), names).equals(message)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('is the same segment for a later registration, with the ids of that one, whatever the values', () => {
    fc.assert(
      fc.property(anyTagged, anyTwoWayNames(1), anyTwoWayNames(3), (segment, before, after) => {
        // Refs of any epoch but the third are left out either way.
        const read = v2SegmentCodec.decode(messageOf(segment, before), before);
        expect(messageOf(read, after).equals(messageOf(segment, after))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same segment for a v3 backend, wherever v2 could say it', () => {
    fc.assert(
      fc.property(anyOfBoth, anyTwoWayNames(1), (segment, names) => {
        const read = v2SegmentCodec.decode(messageOf(segment, names), names);
        expect(messageOf(read, V3).equals(messageOf(segment, V3))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('holds names instead of the ids that were given up', () => {
    const { spans } = v2SegmentCodec.decode(messageOf(entryAndExit(), KNOWING), KNOWING);
    expect(spans).toMatchObject([
      { type: SpanType.exit, operationName: '/stock', peer: 'stock:8080' },
      { type: SpanType.entry, operationName: '/orders/17', peer: '' },
    ]);
  });

  it('is what protoc made, too: names, an error with its log, a status', () => {
    const bytes = vector('segments/segment-v2-names-ref-error');
    const upstream = Buffer.concat([
      // A trace id of 1.2.3, then the segment with its length.
      Buffer.from('0a050a03010203', 'hex'),
      Buffer.from([0x12, (bytes.length & 127) | 128, bytes.length >> 7]),
      bytes,
    ]);
    const { traceId, segmentId, isSizeLimited, spans } = v2SegmentCodec.decode(upstream, someNames());
    const [made] = failedWithRef().spans;
    expect([String(traceId), String(segmentId)]).toEqual(['1.2.3', '21.1.15739273199990042']);
    expect(isSizeLimited).toBe(true);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject(Object.assign({}, made, { segment: {} }));
  });

  it('keeps ids to the last digit, negative ones and those past 2^53', () => {
    const ids = [
      [new CompactId(1_073_741_824, 16_383, 1_763_760_000_000, 7), '1073741824.16383.17637600000000007'],
      [new CompactId(Number.MAX_SAFE_INTEGER, 0, 922_337_203_685_477, 5_807), '9007199254740991.0.9223372036854775807'],
      [new Int64Id([-1n, -(2n ** 63n), 2n ** 53n + 1n]), '-1.-9223372036854775808.9007199254740993'],
    ] as const;
    for (const [id, text] of ids) {
      const read = v2SegmentCodec.decode(messageOf(new Segment(id, id), someNames()), someNames());
      expect([String(read.traceId), String(read.segmentId)]).toEqual([text, text]);
    }
  });

  it('has refs that a later registration leaves out and counts, while the trace stays', () => {
    const segment = failedWithRef();
    const read = v2SegmentCodec.decode(messageOf(segment, someNames()), someNames());
    expect(v2SegmentCodec.countUnusableRefs(read, someNames())).toBe(0);
    expect(v2SegmentCodec.countUnusableRefs(read, someNames({ epoch: 2 }))).toBe(1);
    expect(v3SegmentCodec.countUnusableRefs(read, V3)).toBe(1);
    expect(String(read.traceId)).toBe(String(segment.traceId));
  });

  it('has no more refs than were written: those left out before are not counted twice', () => {
    const names = someNames({ epoch: 2 });
    // Its ref is of the first epoch.
    expect(v2SegmentCodec.decode(messageOf(failedWithRef(), names), names).spans[0]!.refs).toBeUndefined();
  });

  it('is a trace of its own where v2 could not carry the trace, as it was for the backend', () => {
    const segment = new Segment(new OpaqueId('a-b-c'), new CompactId(7, 1, 1_700_000_000_000, 1));
    expect(String(v2SegmentCodec.decode(messageOf(segment, someNames()), someNames()).traceId)).toBe(
      '7.1.17000000000000001',
    );
  });

  describe('tags', () => {
    function readTags(fields: Partial<Span>): Partial<Span> {
      const segment = new Segment(new CompactId(7, 1, 1_700_000_000_000, 0), new CompactId(7, 1, 1_700_000_000_000, 1));
      segment.add(Object.assign(new Span(segment, 0, -1, SpanType.entry, '/', 1), fields));
      const read = v2SegmentCodec.decode(messageOf(segment, someNames()), someNames());
      const [{ url, method, statusCode, tags }] = read.spans as [Span];
      return { url, method, statusCode, tags };
    }
    const HTTP = { layer: Layer.http, url: '/a?b', method: 'GET', statusCode: 200 };

    it("tell HTTP's from the application's own of the same names", () => {
      const tags = ['status_code', '201', 'http.method', 'PUT', 'url', '/c', 'own', ''];
      expect(readTags({ ...HTTP, tags })).toMatchObject({ url: '/a?b', method: 'GET', statusCode: 200, tags });
      expect(readTags({ ...HTTP, url: '', tags })).toMatchObject({ url: '', method: 'GET', statusCode: 200, tags });
    });

    it('of a span that is no HTTP are all its own', () => {
      const tags = ['url', '/c', 'http.method', 'PUT', 'status_code', '201'];
      expect(readTags({ tags })).toMatchObject({ url: '', method: '', statusCode: 0, tags });
    });

    it('are no status unless they are a number as it is written', () => {
      for (const value of ['', '0', '-1', '0200', ' 200', '200 ', '2e2', '200.0', '٢٠٠', '99999999999']) {
        const tags = ['status_code', value];
        expect(readTags({ ...HTTP, statusCode: 0, tags })).toMatchObject({ statusCode: 0, tags });
      }
    });

    it('and logs are absent where there were none', () => {
      expect(readTags(HTTP)).toMatchObject({ tags: undefined });
      const { spans } = v2SegmentCodec.decode(messageOf(entryAndExit(), KNOWING), KNOWING);
      expect(spans.map(({ logs, refs }) => [logs, refs])).toEqual([
        [undefined, undefined],
        [undefined, undefined],
      ]);
    });
  });

  it('is refused where an id has no name', () => {
    const message = messageOf(entryAndExit(), KNOWING);
    expect(() => v2SegmentCodec.decode(message, { ...KNOWING, endpointOf: () => undefined })).toThrow(
      'no name is known for endpoint 12',
    );
    expect(() => v2SegmentCodec.decode(message, { ...KNOWING, networkAddressOf: () => undefined })).toThrow(
      'no name is known for network address 9',
    );
  });

  it('is refused wherever it was cut short', () => {
    for (const segment of [entryAndExit(), failedWithRef()]) {
      const message = messageOf(segment, KNOWING);
      for (let length = 0; length < message.length; length++) {
        expect(() => v2SegmentCodec.decode(message.subarray(0, length), KNOWING)).toThrow();
      }
    }
  });

  it('is read or refused, whatever bytes are there', () => {
    const whole = messageOf(failedWithRef(), someNames());
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const message = Buffer.from(whole);
        message[at]! ^= change;
        try {
          expect(v2SegmentCodec.decode(message, someNames())).toBeInstanceOf(Segment);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
