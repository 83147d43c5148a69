import { withNumberSuffix } from '../../src/base/text';

describe('a numbered name', () => {
  it('makes room for its number in a base that leaves none', () => {
    expect(withNumberSuffix('😀'.repeat(200), 12)).toBe(`${'😀'.repeat(197)}-12`);
  });

  it('is the base for the first', () => {
    expect(withNumberSuffix('orders', 1)).toBe('orders');
  });
});
