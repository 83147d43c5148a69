import { glob } from '../../src/base/patterns';

/** [pattern, what it takes, what it does not] */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['orders-1', ['orders-1'], ['orders-10', 'orders', '', 'Orders-1']],
  ['*', ['', 'a', '/a/b'], []],
  ['orders-*', ['orders-', 'orders-1', 'orders-a/b'], ['order', 'xorders-1']],
  ['*/health', ['/health', '/a/b/health'], ['/health/', 'health']],
  ['a*b*c', ['abc', 'aXbYc', 'abbcc', 'abcbc'], ['acb', 'ab', 'abcx']],
  ['a**b', ['ab', 'axxb'], ['a']],
  ['/orders/?', ['/orders/7', '/orders/😀'], ['/orders/', '/orders/77']],
  ['web-[0-9]', ['web-0', 'web-9'], ['web-', 'web-10', 'web-a']],
  ['[abc-]x', ['ax', 'cx', '-x'], ['dx']],
  ['[!0-9]', ['a', '-'], ['5', '']],
  ['[^a]', ['b'], ['a']],
  ['[]]', [']'], ['[']],
  ['[!]]', ['a'], [']']],
  ['a[b', ['a[b'], ['ab']],
  ['[]', ['[]'], ['']],
  ['[😀-😅]', ['😁'], ['x']],
  ['a.c+(d)$', ['a.c+(d)$'], ['abc+(d)$']],
  ['', [''], ['a']],
];

describe('a glob', () => {
  it.each(CASES)('%s takes whole texts', (pattern, taken, left) => {
    const matches = glob(pattern);
    expect(taken.filter((text) => !matches(text))).toEqual([]);
    expect(left.filter(matches)).toEqual([]);
  });

  it('takes no time to speak of, however hostile pattern and text are', () => {
    const matches = glob(`${'*a'.repeat(50)}b`);
    const startedAt = performance.now();
    expect(matches('a'.repeat(10_000))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
