import fc from 'fast-check';
import type { Layer, RefType, SpanType } from '../../../src/model/components';
import { CompactId, type Id, Int64Id, type NumericId, OpaqueId } from '../../../src/model/ids';
import type { V2Names } from '../../../src/model/names';
import { Segment, type SegmentRef, Span, type SpanLog, type V2Ref, type V3Ref } from '../../../src/model/segment';

/** Any UTF-16 units, so also halves of pairs; emoji; lengths around where a length takes a byte more; 100 KB. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 30 }) },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 90 })
      .map((units) => String.fromCharCode(...units)),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .record({
        unit: fc.constantFrom('a', 'é', '⚓', '😀', '\ud800', '\udc00'),
        length: fc.oneof(fc.integer({ min: 35, max: 70 }), fc.integer({ min: 120, max: 130 }), fc.constant(5_461)),
      })
      .map(({ unit, length }) => unit.repeat(length)),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'x'.repeat(100 * 1024), '\ud83d'.repeat(34_000), '__proto__') },
);

const int32 = fc.oneof(
  fc.integer({ min: -1, max: 300 }),
  fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 127, 128, 16_383, 16_384),
  fc.integer(),
);
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 28n, 2n ** 32n),
);
/** Milliseconds since 1970, also the impossible ones. */
const time = fc.oneof(
  fc.integer({ min: 1_573_927_312_240, max: 1_893_927_312_240 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, 2 ** 28 - 1, 2 ** 28, 2 ** 32, Number.MAX_SAFE_INTEGER),
);

const anyId: fc.Arbitrary<NumericId> = fc.oneof(
  fc
    .record({
      first: fc.maxSafeNat(),
      second: fc.nat(),
      millis: fc.oneof(
        fc.nat({ max: 4_000_000_000_000 }),
        fc.constantFrom(0, 1, 26_843, 26_844, 2 ** 28, 2 ** 28 - 1, 900_000_000_000_000),
      ),
      sequence: fc.nat({ max: 9_999 }),
    })
    .map(({ first, second, millis, sequence }) => new CompactId(first, second, millis, sequence)),
  fc.tuple(int64, int64, int64).map((parts) => new Int64Id(parts)),
);

const nameOrId = fc.oneof(anyText, int32);

const anyV2Ref: fc.Arbitrary<V2Ref> = fc.record({
  epoch: fc.constantFrom(1, 1, 1, 0, 2),
  refType: fc.constantFrom<RefType>(0, 1),
  parentSegmentId: anyId,
  parentSpanId: int32,
  parentInstanceId: int32,
  entryInstanceId: int32,
  networkAddress: nameOrId,
  entryEndpoint: fc.option(nameOrId, { nil: undefined }),
  parentEndpoint: fc.option(nameOrId, { nil: undefined }),
});

/** A part of `sw8` is never empty. */
const someText = anyText.map((text) => `.${text}`);
const anyTraceId: fc.Arbitrary<Id> = fc.oneof(
  anyId,
  fc.uuid().map((text) => new OpaqueId(text)),
);

const anyV3Ref: fc.Arbitrary<V3Ref> = fc.record({
  refType: fc.constantFrom<RefType>(0, 1),
  traceId: anyTraceId,
  parentSegmentId: anyTraceId,
  parentSpanId: int32,
  parentService: someText,
  parentInstance: someText,
  parentEndpoint: someText,
  addressUsedAtPeer: someText,
});

const anyRef: fc.Arbitrary<SegmentRef> = fc.oneof(anyV2Ref, anyV3Ref);

const anyLog: fc.Arbitrary<SpanLog> = fc.record({ time, data: fc.array(anyText, { maxLength: 6 }) });

const anySpanFields = fc.record({
  spanId: int32,
  parentSpanId: int32,
  type: fc.constantFrom<SpanType>(0, 1, 2),
  operationName: anyText,
  startTime: time,
  endTime: time,
  layer: fc.constantFrom<Layer>(0, 1, 2, 3, 4, 5),
  componentId: int32,
  isError: fc.boolean(),
  peer: anyText,
  method: anyText,
  url: anyText,
  statusCode: fc.oneof(fc.constantFrom(0, 200, 404), int32),
  tags: fc.option(fc.array(anyText, { maxLength: 12 }), { nil: undefined }),
  logs: fc.option(fc.array(anyLog, { maxLength: 3 }), { nil: undefined }),
  refs: fc.option(fc.array(anyRef, { maxLength: 3 }), { nil: undefined }),
});

export const anySegment: fc.Arbitrary<Segment> = fc
  .record({
    traceId: anyTraceId,
    segmentId: anyId,
    spans: fc.array(anySpanFields, { maxLength: 5 }),
    isSizeLimited: fc.boolean(),
    skipsAnalysis: fc.boolean(),
  })
  .map(({ traceId, segmentId, spans, isSizeLimited, skipsAnalysis }) => {
    const segment = Object.assign(new Segment(traceId, segmentId), { isSizeLimited, skipsAnalysis });
    for (const { spanId, parentSpanId, type, operationName, startTime, ...rest } of spans) {
      const span = new Span(segment, spanId, parentSpanId, type, operationName, startTime);
      segment.add(Object.assign(span, rest));
    }
    return segment;
  });

/** Knows some names by chance: those whose length the mask picks. */
export const anyNames: fc.Arbitrary<V2Names> = fc
  .record({ serviceId: int32, instanceId: int32, mask: fc.integer({ min: 0, max: 3 }) })
  .map(({ serviceId, instanceId, mask }) => {
    const lookUp = (name: string): number => (name.length & mask ? 0 : name.length * 31);
    const boundless = {
      fitting: (name: string) => name,
      fittingAddress: (address: string) => address,
      canHold: () => true,
    };
    const noWayBack = { ...boundless, endpointOf: () => undefined, networkAddressOf: () => undefined };
    return { protocol: 'v2', epoch: 1, serviceId, instanceId, endpoint: lookUp, networkAddress: lookUp, ...noWayBack };
  });
