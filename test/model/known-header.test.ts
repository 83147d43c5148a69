import { anyLongHeader, isKnownHeader, knownHeader } from '../../src/model/known-header';

/** Each place has another character. */
const LONG = Array.from({ length: 2_001 }, (_, at) => String.fromCharCode(33 + (at % 90))).join('');

describe('a header that came in', () => {
  it('stays a text where it is short', () => {
    expect(knownHeader('1-a')).toBe('1-a');
    expect([isKnownHeader('1-a', '1-a'), isKnownHeader('1-b', '1-a'), isKnownHeader(['1-a'], '1-a')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is known again where it is long, as a text and as what is known of it', () => {
    const known = knownHeader(LONG);
    expect(JSON.stringify(known).length).toBeLessThan(100);
    expect(isKnownHeader(LONG, known)).toBe(true);
    expect(isKnownHeader(knownHeader(LONG), known)).toBe(true);
  });

  it('of which nothing is known but that it was long is any long text, and no carrier that was read', () => {
    expect([isKnownHeader(LONG, anyLongHeader), isKnownHeader('1-a', anyLongHeader)]).toEqual([true, false]);
    expect(isKnownHeader(knownHeader(LONG), anyLongHeader)).toBe(false);
  });

  it('is not taken for another one that is long, wherever that is different', () => {
    const known = knownHeader(LONG);
    for (let at = 0; at < LONG.length; at++) {
      const other = `${LONG.slice(0, at)}~${LONG.slice(at + 1)}`;
      expect(isKnownHeader(other, known)).toBe(other === LONG);
    }
    for (const other of [LONG.slice(1), `${LONG} `, '', knownHeader(LONG.slice(1)), undefined, null, 1, [LONG], {}])
      expect(isKnownHeader(other, known)).toBe(false);
  });
});
