import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CompactId, type Id, Int64Id, OpaqueId } from '../../../src/model/ids';
import { formatSw8, parseSw8, type Sw8 } from '../../../src/protocol/v3/sw8/carrier';
import { MAX_CARRIER_LENGTH } from '../../../src/model/limits';

interface Case {
  readonly title: string;
  readonly header: string;
  /** `null`: it is to be ignored. */
  readonly carrier: Readonly<Record<string, unknown>> | null;
}

const file = path.join(__dirname, '..', '..', '..', 'fixtures', 'carriers', 'sw8.json');
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
    .map((parts) => new CompactId(...parts)),
  fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), fc.constant(2n), fc.constant(3n)).map((p) => new Int64Id(p)),
  fc.uuid().map((text) => new OpaqueId(text)),
);
/** What deceives its reader is refused, so it is not written. */
const DECEIVING = /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const readable = <T>(name: T) => (typeof name === 'string' ? name.replace(DECEIVING, '') : name);
/** A header holds UTF-8, where half a surrogate pair has no place. */
const anyName = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((name) => Buffer.from(name).toString()),
    fc.string({ unit: fc.constantFrom('a', '\u00ad', '\ufe0e', '\u06dd', '\u{e0067}', '\n', '\u2028'), maxLength: 9 }),
  )
  .filter((name) => readable(name) !== '');
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
    expect(shown(parseSw8(header))).toEqual(carrier);
  });

  it.each(right)('is written as it was read: $title', ({ header }) => {
    expect(formatSw8(parseSw8(header)!)).toBe(header);
  });

  it.each(wrong)('is ignored: $title', ({ header }) => {
    expect(parseSw8(header)).toBeUndefined();
  });

  it.each([undefined, null, 7, ['a'], {}])('is ignored where it is no text: %p', (header) => {
    expect(parseSw8(header)).toBeUndefined();
  });

  it('says the same when it arrives, whatever it says', () => {
    fc.assert(
      fc.property(anySw8, (sw8) => {
        const names = {
          parentService: readable(sw8.parentService),
          parentInstance: readable(sw8.parentInstance),
          parentEndpoint: readable(sw8.parentEndpoint),
          addressUsedAtPeer: readable(sw8.addressUsedAtPeer),
        };
        expect(shown(parseSw8(formatSw8(sw8)))).toEqual(shown({ ...sw8, ...names }));
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
        const sw8 = parseSw8(header);
        if (sw8) expect(formatSw8(sw8)).toBe(header);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is told apart by the form of its ids: three numbers go on in v2, any other does not', () => {
    const [numbers, text, odd] = [right[0]!, right[2]!, right[3]!].map(({ header }) => parseSw8(header)!.traceId);
    expect(numbers).not.toBeInstanceOf(OpaqueId);
    expect(text).toBeInstanceOf(OpaqueId);
    expect(odd).toBeInstanceOf(OpaqueId);
  });

  it('is not written where it could not be read: too long, or with an empty part', () => {
    const sw8 = parseSw8(right[0]!.header)!;
    expect(formatSw8({ ...sw8, parentEndpoint: '' })).toBeUndefined();
    for (const length of [MAX_CARRIER_LENGTH / 2, MAX_CARRIER_LENGTH, 100 * MAX_CARRIER_LENGTH]) {
      const long = 'x'.repeat(length);
      expect(formatSw8({ ...sw8, parentService: long, parentInstance: long })).toBeUndefined();
      expect(formatSw8({ ...sw8, addressUsedAtPeer: long, parentEndpoint: long })).toBeUndefined();
    }
  });
});
