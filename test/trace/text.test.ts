import { text } from '../../src/trace/text';
import { heldBytes } from '../support/garbage';

describe('a text', () => {
  it('is what the value is as a string', () => {
    const values = ['a', '', 1, -0.5, true, null, undefined, 10n, Symbol('s'), [1, 2], new Date(NaN)];
    expect(values.map((value) => text(value, 100))).toEqual([
      ...['a', '', '1', '-0.5', 'true', 'null', 'undefined', '10', 'Symbol(s)', '1,2', 'Invalid Date'],
    ]);
  });

  it('is never an exception, whatever the application passes', () => {
    const refusing = new Proxy({}, { get: () => { throw new Error('no'); } }); // prettier-ignore
    const throwing = { toString: () => { throw new Error('no'); } }; // prettier-ignore
    for (const value of [Object.create(null), refusing, throwing, { toString: () => ({}) }]) {
      expect(text(value, 100)).toBe('[unprintable]');
    }
  });

  it('is cut at its limit, but not through the middle of an emoji', () => {
    expect(text('abcdef', 4)).toBe('abcd');
    expect(text('abc😀', 4)).toBe('abc');
    expect(text('ab😀x', 4)).toBe('ab😀');
    expect(text(['a', 'b', 'c'], 4)).toBe('a,b,');
    expect(text('abcd', 4)).toBe('abcd');
  });

  it('does not keep a huge string alive for its first part', () => {
    const kept: string[] = [];
    const before = heldBytes();
    for (let n = 0; n < 40; n++) kept.push(text(String.fromCharCode(65 + n).repeat(4_000_000), 100));
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(kept).toHaveLength(40);
  });
});
