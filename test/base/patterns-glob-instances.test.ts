import fc from 'fast-check';
import { glob } from '../../src/base/patterns';

const meets = (pattern: string, name: string): boolean => glob(pattern)(name);

describe('a glob, as it names instances', () => {
  it.each([
    ['orders-1', 'orders-1', true],
    ['orders-1', 'orders-10', false],
    ['orders-*', 'orders-', true],
    ['orders-*', 'orders-1', true],
    ['orders-*', 'payment-1', false],
    ['*', '', true],
    ['**', 'anything', true],
    ['*-1', 'orders-1', true],
    ['o*s-?', 'orders-1', true],
    ['orders-?', 'orders-12', false],
    ['orders-[12]', 'orders-2', true],
    ['orders-[12]', 'orders-3', false],
    ['orders-[0-9]', 'orders-7', true],
    ['orders-[!0-9]', 'orders-7', false],
    ['orders-[^0-9]', 'orders-x', true],
    ['a[]]b', 'a]b', true],
    ['a[]-]b', 'a-b', true],
    ['a[x-]b', 'a-b', true],
    ['a[b', 'a[b', true],
    ['a[b*', 'a[bcd', true],
    ['a.c', 'abc', false],
    ['a+', 'aa', false],
    ['(a|b)', 'a', false],
    ['$', '', false],
    ['Orders', 'orders', false],
    ['?', '😀', true],
    ['[😀-😂]', '😁', true],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(meets(pattern, name)).toBe(expected);
  });

  it('says what an expression of the same meaning says', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '[ab]', '[!a]'), { maxLength: 8 });
    const name = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 10 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(pattern, name, (tokens, text) => {
        const source = tokens.map((token) => token.replace('*', '.*').replace('?', '.').replace('[!', '[^')).join('');
        expect(meets(tokens.join(''), text)).toBe(new RegExp(`^${source}$`, 's').test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('matches only itself where it is longer than a glob may be', () => {
    const tooLong = `*${'['.repeat(60_000)}`;
    expect(meets(tooLong, 'orders-1')).toBe(false);
    expect(meets(tooLong, tooLong)).toBe(true);
  });
});
