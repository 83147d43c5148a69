import fc from 'fast-check';
import { CompactId } from '../../src/model/ids';
import type { Segment, SegmentRef } from '../../src/model/segment';
import { encodingByName, spoolCodec } from '../../src/protocol/segments/spool-codec';
import { anyTagged } from '../support/wire/any-tags';
import { messageOf } from '../support/wire/message-of';
import { someNames } from '../support/wire/names';

const V3 = {
  protocol: 'v3',
  epoch: 1,
  service: 'orders',
  instance: 'orders-1',
  endpoint: (name: string) => name,
} as const;

/** Made after the first ten milliseconds of 1970, as all ids of segments are. */
const anyLikely = anyTagged.filter(({ segmentId }) => !(segmentId instanceof CompactId) || segmentId.millis > 0);

/** As v2 takes them, of a time after 1970. */
const hasNumericIds = ({ traceId, segmentId }: Segment): boolean =>
  [traceId, segmentId].every((id) => /^-?\d+\.-?\d+\.(?!0\d)-?\d+$/.test(String(id)));

function recordOf(segment: Segment): Buffer {
  const buf = Buffer.alloc(spoolCodec.maxSize(segment) + 7);
  const end = spoolCodec.encode(buf, 7, segment);
  expect(buf.readUInt32BE(8)).toBe(end - 12);
  return buf.subarray(12, end);
}

const refsOf = (segment: Segment): SegmentRef[] => segment.spans.flatMap(({ refs }) => refs ?? []);
const isOfV2 = ({ parentService }: SegmentRef): boolean => parentService === undefined;

describe('a segment that was spooled', () => {
  it('is the same for a v3 backend, whatever the values', () => {
    fc.assert(
      fc.property(anyLikely, (segment) => {
        const again = spoolCodec.decode(recordOf(segment), true);
        expect(messageOf(again, V3).equals(messageOf(segment, V3))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps the refs of v2 callers, with their epochs, for the process that wrote it', () => {
    fc.assert(
      fc.property(anyLikely, (segment) => {
        const again = spoolCodec.decode(recordOf(segment), true);
        const shape = (all: Segment): unknown[] =>
          all.spans.map(({ refs }) =>
            (refs ?? []).filter(isOfV2).map((ref) => ['epoch' in ref && ref.epoch, ref.parentSpanId]),
          );
        expect(shape(again)).toEqual(shape(segment));
        expect(recordOf(again).equals(recordOf(segment))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('has refs of v2 callers that no registration of another process takes for its own', () => {
    fc.assert(
      fc.property(anyLikely, (segment) => {
        const again = spoolCodec.decode(recordOf(segment), false);
        for (const ref of refsOf(again)) if (ref.parentService === undefined) expect(ref.epoch).toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  it('is not read from half of its bytes', () => {
    fc.assert(
      fc.property(anyLikely, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (segment, share) => {
        const record = recordOf(segment);
        const cut = record.subarray(0, Math.floor(share * record.length));
        try {
          // The end of a v3 message is its last field, so only what stands behind it can be missing unseen.
          expect(spoolCodec.decode(cut, true).spans).toHaveLength(segment.spans.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe('a segment that waited for a backend', () => {
  it.each([
    ['v2', someNames({ epoch: 1 })],
    ['v3', V3],
  ])('is the same for a %s backend as one that did not, whatever the values', (_, names) => {
    const { codec, names: none } = encodingByName;
    fc.assert(
      fc.property(anyLikely.filter(hasNumericIds), (segment) => {
        const buf = Buffer.alloc(codec.maxSize(segment));
        const end = codec.encode(buf, 0, segment, none);
        const again = codec.decode(buf.subarray(5, end), none);
        expect(messageOf(again, names).equals(messageOf(segment, names))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
