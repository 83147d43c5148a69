import fc from 'fast-check';
import { lowestFree } from '../../src/config/lowest-free';
import { numberedName } from '../../src/config/numbered-name';

describe('the lowest free name', () => {
  it.each<[taken: string[], expected: string]>([
    [[], 'orders'],
    [['orders'], 'orders-2'],
    [['orders', 'orders-2'], 'orders-3'],
    [['orders-2', 'orders-3'], 'orders'],
    [['orders', 'orders-3'], 'orders-2'],
    [['payments', 'orders-1'], 'orders'],
  ])('beside %j is %s', (taken, expected) => {
    expect(lowestFree('orders', new Set(taken))).toBe(expected);
  });

  it('gives a number that was freed out again before a new one', () => {
    const taken = new Set<string>();
    for (let worker = 0; worker < 4; worker++) taken.add(lowestFree('orders', taken));
    taken.delete('orders-2');
    expect(lowestFree('orders', taken)).toBe('orders-2');
  });

  it('is free, and has 200 characters at most, whatever the base', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), fc.nat(30), (grapheme, count) => {
        const base = Array.from(grapheme).slice(0, 200).join('');
        const taken = new Set<string>();
        for (let index = 0; index < count; index++) taken.add(lowestFree(base, taken));
        expect(taken.size).toBe(count);
        for (const name of taken) expect(Array.from(name).length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('a numbered name', () => {
  it('makes room for its number in a base that leaves none', () => {
    expect(numberedName('😀'.repeat(200), 12)).toBe(`${'😀'.repeat(197)}-12`);
  });

  it('is the base for the first', () => {
    expect(numberedName('orders', 1)).toBe('orders');
  });
});
