import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ForeignId, OwnId, TextId, type Id } from '../../src/trace/id';
import { readSw8 } from '../../src/trace/read-sw8';
import { LONGEST_SW8, type Sw8 } from '../../src/trace/sw8';
import { writeSw8 } from '../../src/trace/write-sw8';

interface Case {
  readonly title: string;
  readonly header: string;
  /** `null`: it is to be ignored. */
  readonly carrier: Readonly<Record<string, unknown>> | null;
}

const file = path.join(__dirname, '..', '..', 'fixtures', 'carriers', 'sw8.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Case[];
const right = cases.filter(({ carrier }) => carrier !== null);
const wrong = cases.filter(({ carrier }) => carrier === null);

/** As a fixture shows it. */
function shown(sw8: Sw8 | undefined): unknown {
  return sw8 ? { ...sw8, traceId: String(sw8.traceId), parentSegmentId: String(sw8.parentSegmentId) } : null;
}

const anyId: fc.Arbitrary<Id> = fc.oneof(
  fc
    .tuple(fc.nat(), fc.nat({ max: 16_384 }), fc.integer({ min: 1, max: 4_000_000_000_000 }), fc.nat({ max: 9_999 }))
    .map((parts) => new OwnId(...parts)),
  fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), fc.constant(2n), fc.constant(3n)).map((p) => new ForeignId(p)),
  fc.uuid().map((text) => new TextId(text)),
);
/** A header holds UTF-8, where half a surrogate pair has no place; what deceives its reader is refused. */
const DECEIVING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\u2060\ufeff]/u;
const anyName = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((name) => Buffer.from(name).toString()),
  )
  .filter((name) => !DECEIVING.test(name));
const anySw8: fc.Arbitrary<Sw8> = fc.record({
  isSampled: fc.boolean(),
  traceId: anyId,
  parentSegmentId: anyId,
  parentSpanId: fc.nat({ max: 2 ** 31 - 1 }),
  parentService: anyName,
  parentInstance: anyName,
  parentEndpoint: anyName,
  addressUsedAtPeer: anyName,
});

describe('the header sw8', () => {
  it.each(right)('is read: $title', ({ header, carrier }) => {
    expect(shown(readSw8(header))).toEqual(carrier);
  });

  it.each(right)('is written as it was read: $title', ({ header }) => {
    expect(writeSw8(readSw8(header)!)).toBe(header);
  });

  it.each(wrong)('is ignored: $title', ({ header }) => {
    expect(readSw8(header)).toBeUndefined();
  });

  it.each([undefined, null, 7, ['a'], {}])('is ignored where it is no text: %p', (header) => {
    expect(readSw8(header)).toBeUndefined();
  });

  it('says the same when it arrives, whatever it says', () => {
    fc.assert(
      fc.property(anySw8, (sw8) => {
        expect(shown(readSw8(writeSw8(sw8)))).toEqual(shown(sw8));
      }),
    );
  });

  it('is nothing or whole, whatever is there, and never throws', () => {
    const pieces = fc.constantFrom(...'10-=My40LjU/+\u00ff ,'.split(''), ...right[0]!.header.split('-'));
    const anything = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(anything, (header) => {
        const sw8 = readSw8(header);
        if (sw8) expect(writeSw8(sw8)).toBe(header);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is told apart by the form of its ids: three numbers go on in v2, any other does not', () => {
    const [numbers, text, odd] = [right[0]!, right[2]!, right[3]!].map(({ header }) => readSw8(header)!.traceId);
    expect(numbers).not.toBeInstanceOf(TextId);
    expect(text).toBeInstanceOf(TextId);
    expect(odd).toBeInstanceOf(TextId);
  });

  it('is not written where it could not be read: too long, or with an empty part', () => {
    const sw8 = readSw8(right[0]!.header)!;
    expect(writeSw8({ ...sw8, parentEndpoint: '' })).toBeUndefined();
    for (const length of [LONGEST_SW8 / 2, LONGEST_SW8, 100 * LONGEST_SW8]) {
      const long = 'x'.repeat(length);
      expect(writeSw8({ ...sw8, parentService: long, parentInstance: long })).toBeUndefined();
      expect(writeSw8({ ...sw8, addressUsedAtPeer: long, parentEndpoint: long })).toBeUndefined();
    }
  });
});
