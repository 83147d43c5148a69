import { numberedName } from '../../src/base/numbered-name';

describe('a numbered name', () => {
  it('makes room for its number in a base that leaves none', () => {
    expect(numberedName('😀'.repeat(200), 12)).toBe(`${'😀'.repeat(197)}-12`);
  });

  it('is the base for the first', () => {
    expect(numberedName('orders', 1)).toBe('orders');
  });
});
