import { keepSecret, printable, truncate, withNumberSuffix } from '../../src/base/text';
import { heldBytes } from '../support/garbage';

describe('a text', () => {
  it('is what the value is as a string', () => {
    const values = ['a', '', 1, -0.5, true, null, undefined, 10n, Symbol('s'), [1, 2], new Date(NaN)];
    expect(values.map((value) => truncate(value, 100))).toEqual([
      ...['a', '', '1', '-0.5', 'true', 'null', 'undefined', '10', 'Symbol(s)', '1,2', 'Invalid Date'],
    ]);
  });

  it('is never an exception, whatever the application passes', () => {
    const refusing = new Proxy({}, { get: () => { throw new Error('no'); } }); // prettier-ignore
    const throwing = { toString: () => { throw new Error('no'); } }; // prettier-ignore
    for (const value of [Object.create(null), refusing, throwing, { toString: () => ({}) }]) {
      expect(truncate(value, 100)).toBe('[unprintable]');
    }
  });

  it('is cut at its limit, but not through the middle of an emoji', () => {
    expect(truncate('abcdef', 4)).toBe('abcd');
    expect(truncate('abc😀', 4)).toBe('abc');
    expect(truncate('ab😀x', 4)).toBe('ab😀');
    expect(truncate(['a', 'b', 'c'], 4)).toBe('a,b,');
    expect(truncate('abcd', 4)).toBe('abcd');
  });

  it('is of lists and bytes what it was as a string', () => {
    const values = [
      ...[[], [[]], [1, [2, [3]], null, undefined, 'a'], [true, 2n, Symbol('s')].slice(0, 2)],
      ...[new Uint8Array(3), new Float64Array([0.5, NaN]), Buffer.from('aä€😀'), [Buffer.from('b')], [new Date(0)]],
    ];
    for (const value of values) expect(truncate(value, 1_000)).toBe(String(value));
    expect(truncate(Buffer.from('ä€😀'), 2)).toBe('ä€');
  });

  it('does not keep a huge string alive for its first part', () => {
    const kept: string[] = [];
    const before = heldBytes();
    for (let n = 0; n < 40; n++) kept.push(truncate(String.fromCharCode(65 + n).repeat(4_000_000), 100));
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(kept).toHaveLength(40);
  });
});

describe('a text from outside', () => {
  it.each([
    ['a line feed', 'a\nb', 'a b'],
    ['an escape sequence', '\u001b[31mred', '[31mred'],
    ['a right-to-left override', 'a\u202eb', 'a b'],
    ['half a character', 'a\ud83d', 'a'],
    ['a filler that shows nothing', 'a\u3164b', 'a b'],
    ['a tag character', 'a\u{e0041}b', 'a b'],
    ['a combining grapheme joiner', 'a\u034fb', 'a b'],
    ['300 characters, the last of them in two halves', `${'a'.repeat(299)}😀`, 'a'.repeat(299)],
    ['anything missing, where all of it shows', 'für ⚓ و', 'für ⚓ و'],
  ])('is printed without %s', (_title, text, printed) => {
    expect(printable(text)).toBe(printed);
  });

  it('shows no secret, nor a part of one where it is cut or where another is a part of it', () => {
    for (const secret of ['p4ssw0rd', 'p4ssw0rd-of-now', 'another']) keepSecret(secret);
    expect(printable('want p4ssw0rd, got p4ssw0rd-of-now')).toBe('want ***, got ***');
    expect(printable(`${'a'.repeat(297)}p4ssw0rd`)).toBe(`${'a'.repeat(297)}***`);
    // As short as that it is a part of words.
    expect(printable('want another')).toBe('want another');
  });

  it('shows none of the last few secrets, and no more are kept', () => {
    for (let n = 1; n <= 100; n++) keepSecret(`token-${n};`);
    for (let n = 97; n <= 100; n++) expect(printable(`not token-${n};`)).toBe('not ***');
    expect(printable('not token-1;')).toBe('not token-1;');
  });
});

describe('a numbered name', () => {
  it('makes room for its number in a base that leaves none', () => {
    expect(withNumberSuffix('😀'.repeat(200), 12)).toBe(`${'😀'.repeat(197)}-12`);
  });

  it('is the base for the first', () => {
    expect(withNumberSuffix('orders', 1)).toBe('orders');
  });
});
