import fc from 'fast-check';
import { OpenBatch } from '../../src/export/open-batch';
import { SegmentQueue } from '../../src/export/segment-queue';
import { Log } from '../../src/base/log';
import type { Batch } from '../../src/export/batch';
import { SegmentTally } from '../../src/export/segment-counters';
import { FakeClock } from '../support/fake-clock';
import { FakeSegments, epochsOf, numbersOf } from './fake-segment-port';
import { numbered } from './numbered-segments';

let api: FakeSegments;
let tally: SegmentTally;
let queue: SegmentQueue;

beforeEach(() => {
  api = new FakeSegments();
  tally = new SegmentTally();
});

/** By a backend that knows us. */
function queueOf(capacity: number): SegmentQueue {
  const quiet = () => undefined;
  const log = new Log(new FakeClock(), { error: quiet, warn: quiet, info: quiet, debug: quiet });
  queue = new SegmentQueue(() => new OpenBatch(log), tally, capacity);
  setKnown(true);
  return queue;
}

function setKnown(isKnown: boolean): void {
  queue.use(isKnown ? api.target() : undefined);
}

function reset(): void {
  api.epoch++;
  if (queue.target) queue.use(api.target());
}

function push(queue: SegmentQueue, from: number, to: number): void {
  for (let n = from; n < to; n++) queue.push(numbered(n));
}

function all(queue: SegmentQueue): number[] {
  const numbers: number[] = [];
  for (let batch = queue.next(); batch; batch = queue.next()) numbers.push(...numbersOf(batch));
  return numbers;
}

describe('segments that wait', () => {
  it('are encoded as they come, and go in the order they came', () => {
    const queue = queueOf(1_000);
    push(queue, 0, 300);
    expect(numbersOf(queue.next())).toHaveLength(256);
    expect(queue.size).toBe(44);
    push(queue, 300, 310);
    expect(all(queue)).toEqual(Array.from({ length: 54 }, (_, n) => 256 + n));
    expect(queue.size).toBe(0);
  });

  it('wait as they are while no backend knows us, and do not go', () => {
    const queue = queueOf(10);
    setKnown(false);
    push(queue, 0, 3);
    expect([queue.next(), queue.size]).toEqual([undefined, 3]);
    setKnown(true);
    expect(all(queue)).toEqual([0, 1, 2]);
  });

  it('fill one batch after the other, if there are more than one takes', () => {
    api.mostInBatch = 10;
    const queue = queueOf(100);
    setKnown(false);
    push(queue, 0, 25);
    setKnown(true);
    const batches = [queue.next(), queue.next(), queue.next()];
    expect(batches.map((batch) => numbersOf(batch).length)).toEqual([10, 10, 5]);
    expect(batches.flatMap(numbersOf)).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  it('come after those that came before, though these could not be encoded when they came', () => {
    const queue = queueOf(10);
    push(queue, 0, 2);
    setKnown(false);
    push(queue, 2, 4);
    setKnown(true);
    push(queue, 4, 6);
    expect(all(queue)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are dropped when there are too many, the oldest first, encoded or not', () => {
    const queue = queueOf(5);
    push(queue, 0, 4);
    setKnown(false);
    push(queue, 4, 8);
    expect([queue.size, tally.dropped]).toEqual([5, 3]);
    push(queue, 8, 12);
    expect([queue.size, tally.dropped]).toEqual([5, 7]);
    setKnown(true);
    expect(all(queue)).toEqual([7, 8, 9, 10, 11]);
    expect(tally.snapshot(0).droppedBecause).toEqual({ 'buffer-full': 7 });
  });

  it('come back in front of newer ones when they could not be sent; what finds no place are the oldest', () => {
    const queue = queueOf(4);
    push(queue, 0, 3);
    const batch = queue.next()!;
    push(queue, 3, 5);
    queue.putBack([batch]);
    expect([queue.size, tally.dropped]).toEqual([4, 1]);
    expect(all(queue)).toEqual([1, 2, 3, 4]);
  });

  it('find no place where there is none', () => {
    const queue = queueOf(0);
    push(queue, 0, 2);
    setKnown(false);
    push(queue, 2, 4);
    expect([queue.size, tally.dropped]).toEqual([0, 4]);
  });
});

describe('segments that were encoded with ids of before', () => {
  it('are encoded anew, in their place', () => {
    const queue = queueOf(1_000);
    push(queue, 0, 300);
    reset();
    push(queue, 300, 302);
    const epochs = new Set<number>();
    const numbers: number[] = [];
    for (let batch = queue.next(); batch; batch = queue.next()) {
      for (const epoch of epochsOf(batch)) epochs.add(epoch);
      numbers.push(...numbersOf(batch));
    }
    expect([...epochs]).toEqual([2]);
    expect(numbers).toEqual(Array.from({ length: 302 }, (_, n) => n));
  });

  it('few at a time, since each has to be decoded first', () => {
    const queue = queueOf(1_000);
    push(queue, 0, 200);
    reset();
    expect(numbersOf(queue.next()).length).toBeLessThan(100);
  });

  it('wait where there are no new ids yet', () => {
    const queue = queueOf(10);
    push(queue, 0, 3);
    reset();
    setKnown(false);
    expect([queue.next(), queue.size]).toEqual([undefined, 3]);
    setKnown(true);
    expect(all(queue)).toEqual([0, 1, 2]);
  });
});

describe('a segment that nobody can send', () => {
  it('is counted, and the others go', () => {
    const queue = queueOf(10);
    api.unencodable.add(1);
    push(queue, 0, 3);
    setKnown(false);
    api.unencodable.add(4);
    push(queue, 3, 6);
    setKnown(true);
    expect(all(queue)).toEqual([0, 2, 3, 5]);
    api.undecodable.add(7);
    push(queue, 6, 9);
    reset();
    expect(all(queue)).toEqual([6, 8]);
    expect(tally.snapshot(0).droppedBecause).toEqual({ 'not-encodable': 3 });
  });
});

describe('the queue', () => {
  it('is a bounded list, whatever is done to it in whatever order', () => {
    const of = <T extends string>(type: T, max: number) =>
      fc.record({ type: fc.constant(type), count: fc.integer({ min: 1, max }) });
    const step = fc.oneof(of('push', 400), of('next', 4), of('putBack', 1), of('reset', 1), of('known', 2));
    const property = fc.property(fc.integer({ min: 0, max: 700 }), fc.array(step), (capacity, steps) => {
      api = new FakeSegments();
      tally = new SegmentTally();
      const queue = queueOf(capacity);
      let list: number[] = [];
      let isKnown = true;
      let taken: Batch[] = [];
      let pushed = 0;
      let dropped = 0;
      const bound = (): void => {
        dropped += list.splice(0, Math.max(0, list.length - capacity)).length;
      };
      for (const { type, count } of steps) {
        if (type === 'push') {
          push(queue, pushed, pushed + count);
          list.push(...Array.from({ length: count }, (_, n) => pushed + n));
          pushed += count;
          bound();
        } else if (type === 'next') {
          for (let n = 0; n < count; n++) {
            const next = queue.next();
            expect(next === undefined).toBe(!isKnown || list.length === 0);
            if (!next) continue;
            expect([epochsOf(next), numbersOf(next)]).toEqual([[api.epoch], list.splice(0, next.count)]);
            taken.push(next);
          }
        } else if (type === 'putBack') {
          list = [...taken.flatMap(numbersOf), ...list];
          queue.putBack(taken);
          taken = [];
          bound();
        } else if (type === 'reset') reset();
        else setKnown((isKnown = count === 1));
        expect([queue.size, tally.dropped]).toEqual([list.length, dropped]);
      }
      setKnown(true);
      expect(all(queue)).toEqual(list);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('lets everything go when it is cleared, and says how much that was', () => {
    const queue = queueOf(1_000);
    push(queue, 0, 300);
    setKnown(false);
    push(queue, 300, 400);
    expect([queue.clear(), queue.size]).toEqual([400, 0]);
    setKnown(true);
    expect(queue.next()).toBeUndefined();
  });
});
