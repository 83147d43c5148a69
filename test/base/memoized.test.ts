import { memoized } from '../../src/base/memoized';
import { heldBytes } from '../support/garbage';

describe('a function whose results are remembered', () => {
  it('is asked once for each of the first texts, and always for those beyond', () => {
    const asked: string[] = [];
    const length = memoized((text) => asked.push(text) && text.length, 2);
    for (const text of ['a', 'bb', 'ccc', 'a', 'bb', 'ccc']) expect(length(text)).toBe(text.length);
    expect(asked).toEqual(['a', 'bb', 'ccc', 'ccc']);
  });

  it('is asked each time for a long text, which is not held', () => {
    let asked = 0;
    const count = memoized(() => ++asked);
    for (let n = 0; n < 3; n++) count('x'.repeat(1_000));
    expect(asked).toBe(3);
  });

  it('does not hold the long texts that the short ones were cut from', () => {
    const echo = memoized((text) => text.slice(1));
    const before = heldBytes();
    for (let n = 0; n < 100; n++) echo(`${n} ${'x'.repeat(200_000)}`.slice(0, 20));
    expect(heldBytes() - before).toBeLessThan(2_000_000);
    expect(echo('1 xxxxxxxxxxxxxxxxxx')).toBe(' xxxxxxxxxxxxxxxxxx');
  });

  it('is asked once where its result is false', () => {
    let asked = 0;
    const isEmpty = memoized((text) => ++asked === 0 || text === '');
    for (let n = 0; n < 3; n++) expect(isEmpty('a')).toBe(false);
    expect(asked).toBe(1);
  });
});
