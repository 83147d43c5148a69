import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CompactId, Int64Id, type NumericId } from '../../../src/model/ids';
import { formatSw6, parseSw6, type Sw6 } from '../../../src/protocol/v2/sw6/carrier';
import { readBase64, writeBase64 } from '../../../src/tracing/propagation/base64';
import { MAX_CARRIER_LENGTH } from '../../../src/model/limits';

interface Case {
  readonly title: string;
  readonly header: string;
  /** `null`: it is to be ignored. */
  readonly carrier: Readonly<Record<string, unknown>> | null;
}

const file = path.join(__dirname, '..', '..', '..', 'fixtures', 'carriers', 'sw6.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Case[];
const right = cases.filter(({ carrier }) => carrier !== null);
const wrong = cases.filter(({ carrier }) => carrier === null);

/** As a fixture shows it. */
function shown(sw6: Sw6 | undefined): unknown {
  if (!sw6) return null;
  const { traceId, parentSegmentId, entryEndpoint = null, parentEndpoint = null } = sw6;
  return { ...sw6, traceId: String(traceId), parentSegmentId: String(parentSegmentId), entryEndpoint, parentEndpoint };
}

const VECTOR = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 9_999n, 10_000n, 2n ** 53n, 999_999_999_999_999n),
);
const anyId: fc.Arbitrary<NumericId> = fc.oneof(
  fc.tuple(int64, int64, int64).map((parts) => new Int64Id(parts)),
  fc
    .tuple(fc.nat(), fc.nat({ max: 16_384 }), fc.integer({ min: 1, max: 4_000_000_000_000 }), fc.nat({ max: 9_999 }))
    .map((parts) => new CompactId(...parts)),
);
const id32 = fc.integer({ min: 1, max: 2 ** 31 - 1 });
/** What deceives its reader is refused, so it is not written. */
const DECEIVING = /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const readable = <T>(name: T) => (typeof name === 'string' ? name.replace(DECEIVING, '') : name);
/** A header holds UTF-8, where half a surrogate pair has no place. */
const anyName = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((name) => Buffer.from(name).toString()),
    fc.string({ unit: fc.constantFrom('a', '\u00ad', '\ufe0e', '\u06dd', '\u{e0067}', '\n', '\u2028'), maxLength: 9 }),
  )
  .filter((name) => readable(name) !== '');
const nameOrId = fc.oneof(anyName, id32);
const anySw6: fc.Arbitrary<Sw6> = fc.record({
  isSampled: fc.boolean(),
  traceId: anyId,
  parentSegmentId: anyId,
  parentSpanId: fc.nat({ max: 2 ** 31 - 1 }),
  parentInstanceId: id32,
  entryInstanceId: id32,
  peer: nameOrId,
  entryEndpoint: fc.option(nameOrId, { nil: undefined }),
  parentEndpoint: fc.option(nameOrId, { nil: undefined }),
});

describe('the header sw6', () => {
  it.each(right.map(({ title, header, carrier }) => [title, header, carrier] as const))(
    'is read: %s',
    (_, header, carrier) => {
      expect(shown(parseSw6(header))).toEqual(carrier);
    },
  );

  it.each(wrong.map(({ title, header }) => [title, header] as const))('is ignored: %s', (_, header) => {
    expect(parseSw6(header)).toBeUndefined();
  });

  it('is ignored where it is no string at all', () => {
    const hostile: unknown[] = [undefined, null, 7, {}, [VECTOR], [VECTOR, VECTOR], Buffer.from(VECTOR), () => VECTOR];
    expect(hostile.map(parseSw6)).toEqual(hostile.map(() => undefined));
  });

  it('is written as it was read', () => {
    expect(formatSw6(parseSw6(VECTOR)!)).toBe(VECTOR);
  });

  it('says -1 where there is no endpoint', () => {
    const header = formatSw6({ ...parseSw6(VECTOR)!, entryEndpoint: undefined, parentEndpoint: undefined });
    expect(header).toBe('1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-LTE=-LTE=');
  });

  it('tells whoever reads it what its writer knew, whatever that is', () => {
    fc.assert(
      fc.property(anySw6, (sw6) => {
        const { peer, entryEndpoint, parentEndpoint } = sw6;
        const names = {
          peer: readable(peer),
          entryEndpoint: readable(entryEndpoint),
          parentEndpoint: readable(parentEndpoint),
        };
        expect(shown(parseSw6(formatSw6(sw6)))).toEqual(shown({ ...sw6, ...names }));
      }),
      { numRuns: 500 },
    );
  });

  it('is what Base64, by anybody, makes of its fields', () => {
    const b64 = (value: unknown): string => Buffer.from(String(value)).toString('base64');
    const named = (value: string | number | undefined): string =>
      b64(typeof value === 'string' ? `#${readable(value)}` : (value ?? -1));
    fc.assert(
      fc.property(anySw6, (sw6) => {
        const { isSampled, traceId, parentSegmentId, parentSpanId, parentInstanceId, entryInstanceId } = sw6;
        const ids = [parentSpanId, parentInstanceId, entryInstanceId].join('-');
        const names = [sw6.peer, sw6.entryEndpoint, sw6.parentEndpoint].map(named).join('-');
        const expected = `${isSampled ? 1 : 0}-${b64(traceId)}-${b64(parentSegmentId)}-${ids}-${names}`;
        expect(formatSw6(sw6)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('throws at nothing that anybody sends', () => {
    const fields = fc.oneof(
      fc.constantFrom(...VECTOR.split('-'), '-1', '', '0', '=', '====', '1'),
      fc.base64String({ maxLength: 80 }),
      fc.string({ maxLength: 30 }),
    );
    const header = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fields, { minLength: 8, maxLength: 10 }).map((all) => all.join('-')),
      fc
        .tuple(fc.nat({ max: VECTOR.length }), fc.string({ maxLength: 3 }), fc.nat({ max: 3 }))
        .map(([at, text, cut]) => VECTOR.slice(0, at) + text + VECTOR.slice(at + cut)),
    );
    fc.assert(
      fc.property(header, (text) => {
        const sw6 = parseSw6(text);
        if (!sw6) return;
        // What was taken can be handed on, and means the same then.
        expect(shown(parseSw6(formatSw6(sw6)))).toEqual(shown(sw6));
        expect(sw6.peer).not.toBe('');
        expect(Math.min(sw6.parentInstanceId, sw6.entryInstanceId)).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never written longer than anybody of us would read it', () => {
    const sw6 = parseSw6(VECTOR)!;
    const lengths = [
      512, 1_000, 2_000, 2_960, 2_970, 2_971, 2_972, 2_973, 2_974, 3_000, 3_070, 3_071, 3_072, 3_073, 50_000,
    ];
    for (const unit of ['a', 'é', '⚓', '😀']) {
      for (const length of lengths) {
        const entryEndpoint = unit.repeat(length / unit.length);
        const header = formatSw6({ ...sw6, entryEndpoint });
        if (header === undefined) expect(Buffer.byteLength(entryEndpoint)).toBeGreaterThan(2_900);
        else {
          expect(header.length).toBeLessThanOrEqual(MAX_CARRIER_LENGTH);
          const isTaken = entryEndpoint.length <= 512;
          expect(parseSw6(header)?.entryEndpoint).toBe(isTaken ? entryEndpoint : undefined);
        }
      }
    }
  });

  it('holds any name of ours in ASCII, three of them at that', () => {
    const longest = 'n'.repeat(512);
    const header = formatSw6({
      ...parseSw6(VECTOR)!,
      peer: longest,
      entryEndpoint: longest,
      parentEndpoint: longest,
    });
    expect(parseSw6(header)?.parentEndpoint).toBe(longest);
  });
});

describe('Base64', () => {
  const room = Buffer.alloc(400);

  it('is what Node makes of any bytes, and comes back as them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 5 }), (bytes, pos) => {
        const from = Buffer.from(bytes);
        const end = writeBase64(room, pos, from, from.length);
        const text = room.toString('latin1', pos, end);
        expect(text).toBe(from.toString('base64'));
        const back = Buffer.alloc(from.length);
        expect(readBase64(back, `-${text}-`, 1, 1 + text.length)).toBe(from.length);
        expect(back.equals(from)).toBe(true);
      }),
    );
  });

  it('that is not as Node would have written it is none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: fc.constantFrom('A', 'b', '9', '+', '/', '=', '-', '_', ' ', 'é'), maxLength: 12 }),
          fc.base64String({ maxLength: 16 }),
        ),
        (text) => {
          const length = readBase64(room, text, 0, text.length);
          const bytes = Buffer.from(text, 'base64');
          if (bytes.toString('base64') === text) expect(room.subarray(0, length).equals(bytes)).toBe(true);
          else expect(length).toBe(-1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
