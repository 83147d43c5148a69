import { fuzz } from './fuzz/fuzz';
import { growth } from './fuzz/growth';

describe('a command file with whatever in it', () => {
  it('never makes the reader throw, nor take for a command what was not whole in the file', () => {
    const { finds } = fuzz({ seed: 4711, count: 2_000 });
    expect(finds.map(({ number, what, input }) => `${number}: ${what}: ${input.toString('latin1')}`)).toEqual([]);
  });

  it('is read in a time that grows with its size and not with the square of it', () => {
    // Sixty-four times the size: so much longer, and slack for a busy machine. The square would be four thousand.
    for (const { name, smallMs, largeMs } of growth())
      expect(largeMs < 400 * Math.max(smallMs, 0.5) ? '' : `${name}: ${smallMs} ms, then ${largeMs} ms`).toBe('');
  });
});
