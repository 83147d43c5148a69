import fc from 'fast-check';
import { SegmentBuffer } from '../../src/report/buffer';
import { numbered, numberOf } from './numbered';

describe('the buffer', () => {
  it('gives back what came first, first', () => {
    const buffer = new SegmentBuffer(10);
    for (let n = 0; n < 5; n++) expect(buffer.push(numbered(n))).toBe(0);
    expect(buffer.take(3).map(numberOf)).toEqual([0, 1, 2]);
    expect(buffer.take(3).map(numberOf)).toEqual([3, 4]);
    expect(buffer.take(3)).toEqual([]);
  });

  it('drops the oldest when it is full', () => {
    const buffer = new SegmentBuffer(3);
    const dropped = [0, 1, 2, 3, 4].map((n) => buffer.push(numbered(n)));
    expect(dropped).toEqual([0, 0, 0, 1, 1]);
    expect(buffer.take(10).map(numberOf)).toEqual([2, 3, 4]);
  });

  it('takes back what could not be sent, in front, and what finds no place are the oldest', () => {
    const buffer = new SegmentBuffer(4);
    for (let n = 0; n < 4; n++) buffer.push(numbered(n));
    const taken = buffer.take(3);
    buffer.push(numbered(4));
    expect(buffer.putBack(taken)).toBe(1);
    expect(buffer.take(10).map(numberOf)).toEqual([1, 2, 3, 4]);
  });

  it('of no size holds nothing', () => {
    const buffer = new SegmentBuffer(0);
    expect(buffer.push(numbered(0))).toBe(1);
    expect(buffer.putBack([numbered(1)])).toBe(1);
    expect(buffer.size).toBe(0);
  });

  it('is a bounded list, whatever is done to it in whatever order', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('push' as const), count: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ type: fc.constant('take' as const), count: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ type: fc.constant('putBack' as const), count: fc.constant(0) }),
    );
    const property = fc.property(fc.integer({ min: 0, max: 700 }), fc.array(step), (capacity, steps) => {
      const buffer = new SegmentBuffer(capacity);
      let list: number[] = [];
      let taken: number[] = [];
      let next = 0;
      for (const { type, count } of steps) {
        if (type === 'take') {
          taken = list.splice(0, count);
          expect(buffer.take(count).map(numberOf)).toEqual(taken);
        } else if (type === 'putBack') {
          const lost = buffer.putBack(taken.map(numbered));
          expect(lost).toBe(Math.max(0, taken.length - (capacity - list.length)));
          list = [...taken.slice(lost), ...list];
          taken = [];
        } else {
          for (let n = 0; n < count; n++) {
            list.push(next);
            const lost = list.splice(0, list.length - capacity).length;
            expect(buffer.push(numbered(next++))).toBe(lost);
          }
        }
        expect(buffer.size).toBe(list.length);
      }
      expect(buffer.take(Infinity).map(numberOf)).toEqual(list);
    });
    fc.assert(property, { numRuns: 60 });
  });
});
