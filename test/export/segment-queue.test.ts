import fc from 'fast-check';
import { SegmentQueue } from '../../src/export/segment-queue';
import { LoadError } from '../../src/base/lazy';
import { Log } from '../../src/base/log';
import type { Segment } from '../../src/model/segment';
import type { Batch } from '../../src/export/open-batch';
import type { SegmentSpool } from '../../src/export/ports';
import { SegmentTally } from '../../src/export/segment-counters';
import { FakeClock } from '../support/fake-clock';
import { FakeSegments, epochsOf, numberIn, numbersOf } from './fake-segment-port';
import { numbered } from './numbered-segments';

let api: FakeSegments;
let tally: SegmentTally;
let queue: SegmentQueue;
let isKnown: boolean;

beforeEach(() => {
  api = new FakeSegments();
  tally = new SegmentTally();
});

/** By a backend that knows us. */
function queueOf(capacity: number, overflow?: Pick<SegmentSpool, 'append'>): SegmentQueue {
  const quiet = () => undefined;
  const log = new Log(new FakeClock(), { error: quiet, warn: quiet, info: quiet, debug: quiet });
  queue = new SegmentQueue({ log, tally, capacity, byName: () => api.byName(), ...(overflow && { overflow }) });
  setKnown(true);
  return queue;
}

function peek(maxCount = Infinity): Batch | undefined {
  return queue.peek(api.target(), maxCount);
}

function setKnown(known: boolean): void {
  isKnown = known;
  queue.use(isKnown ? api.target() : undefined);
}

function reset(): void {
  api.epoch++;
  setKnown(isKnown);
}

function push(from: number, to: number): void {
  for (let n = from; n < to; n++) if (!queue.append(numbered(n))) tally.dropUnqueued('not-encodable');
}

function all(): number[] {
  const numbers: number[] = [];
  for (let batch = peek(); batch; batch = peek()) numbers.push(...numbersOf(batch));
  return numbers;
}

describe('segments that wait', () => {
  it('are encoded as they come, and go in the order they came', () => {
    const queue = queueOf(1_000);
    push(0, 300);
    expect(numbersOf(peek())).toHaveLength(256);
    expect(queue.waiting).toBe(44);
    push(300, 310);
    expect(all()).toEqual(Array.from({ length: 54 }, (_, n) => 256 + n));
    expect(queue.waiting).toBe(0);
  });

  it('wait encoded by name while no backend knows us, and do not go', () => {
    const queue = queueOf(10);
    setKnown(false);
    push(0, 3);
    expect([peek(), queue.waiting]).toEqual([undefined, 3]);
    setKnown(true);
    expect(all()).toEqual([0, 1, 2]);
  });

  it('fill one batch after the other, if there are more than one takes', () => {
    api.mostInBatch = 10;
    queueOf(100);
    setKnown(false);
    push(0, 25);
    setKnown(true);
    const batches = [peek(), peek(), peek()];
    expect(batches.map((batch) => numbersOf(batch).length)).toEqual([10, 10, 5]);
    expect(batches.flatMap(numbersOf)).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  it('come after those that came before, though these could not be encoded when they came', () => {
    queueOf(10);
    push(0, 2);
    setKnown(false);
    push(2, 4);
    setKnown(true);
    push(4, 6);
    expect(all()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are dropped when there are too many, the oldest first, encoded or not', () => {
    const queue = queueOf(5);
    push(0, 4);
    setKnown(false);
    push(4, 8);
    expect([queue.waiting, tally.dropped]).toEqual([5, 3]);
    push(8, 12);
    expect([queue.waiting, tally.dropped]).toEqual([5, 7]);
    setKnown(true);
    expect(all()).toEqual([7, 8, 9, 10, 11]);
    expect(tally.snapshot(queue).droppedBecause).toEqual({ 'buffer-full': 7 });
  });

  it('come back in front of newer ones when they could not be sent; what finds no place are the oldest', () => {
    const queue = queueOf(4);
    push(0, 3);
    peek();
    push(3, 5);
    expect(queue.inFlight).toBe(3);
    expect(queue.acknowledge(0)).toBe(0);
    expect([queue.waiting, tally.dropped]).toEqual([4, 1]);
    expect(all()).toEqual([1, 2, 3, 4]);
  });

  it('find no place where there is none', () => {
    const queue = queueOf(0);
    push(0, 2);
    setKnown(false);
    push(2, 4);
    expect([queue.waiting, tally.dropped]).toEqual([0, 4]);
  });
});

describe('segments that were encoded with ids of before', () => {
  it('are encoded anew, in their place', () => {
    queueOf(1_000);
    push(0, 300);
    reset();
    push(300, 302);
    const epochs = new Set<number>();
    const numbers: number[] = [];
    for (let batch = peek(); batch; batch = peek()) {
      for (const epoch of epochsOf(batch)) epochs.add(epoch);
      numbers.push(...numbersOf(batch));
    }
    expect([...epochs]).toEqual([2]);
    expect(numbers).toEqual(Array.from({ length: 302 }, (_, n) => n));
  });

  it('few at a time, since each has to be decoded first', () => {
    queueOf(1_000);
    push(0, 200);
    reset();
    expect(numbersOf(peek()).length).toBeLessThan(100);
  });

  it('wait where there are no new ids yet', () => {
    const queue = queueOf(10);
    push(0, 3);
    reset();
    setKnown(false);
    expect([peek(), queue.waiting]).toEqual([undefined, 3]);
    setKnown(true);
    expect(all()).toEqual([0, 1, 2]);
  });
});

describe('a segment that cannot be sent', () => {
  it('is counted, and the others go', () => {
    const queue = queueOf(10);
    api.unencodable.add(1);
    push(0, 3);
    setKnown(false);
    api.unencodable.add(4);
    push(3, 6);
    setKnown(true);
    expect(all()).toEqual([0, 2, 3, 5]);
    api.undecodable.add(7);
    push(6, 9);
    reset();
    expect(all()).toEqual([6, 8]);
    expect(tally.snapshot(queue).droppedBecause).toEqual({ 'not-encodable': 3 });
  });
});

describe('the queue', () => {
  it('writes over what was dropped while no backend knows us, and never over what was peeked', () => {
    api.mostInBatch = 10;
    const queue = queueOf(20);
    push(0, 10);
    const { bytes } = peek()!;
    const before = Buffer.from(bytes);
    queue.acknowledge(0);
    setKnown(false);
    push(10, 500);
    expect(bytes.equals(before)).toBe(true);
    setKnown(true);
    expect(all()).toEqual(Array.from({ length: 20 }, (_, n) => 480 + n));
  });

  it('are taken by a process that ends without counting those that were dropped on the way, and past all of them', () => {
    const queue = queueOf(1_000);
    setKnown(false);
    push(0, 80);
    // A whole stretch of those that are encoded again, and one more.
    for (let n = 0; n < 33; n++) api.undecodable.add(n);
    setKnown(true);
    expect(queue.takeUpTo(Infinity).count).toBe(47);
    expect([queue.waiting, tally.snapshot(queue).droppedBecause]).toEqual([0, { 'not-encodable': 33 }]);
  });

  it('are kept though the code that encodes has failed for one among them', () => {
    const queue = queueOf(10);
    api.uncountable.add(1);
    push(0, 3);
    expect([queue.waiting, tally.snapshot(queue).droppedBecause]).toEqual([2, { 'not-encodable': 1 }]);
    setKnown(false);
    push(0, 3);
    expect([queue.waiting, tally.snapshot(queue).droppedBecause]).toEqual([4, { 'not-encodable': 2 }]);
    setKnown(true);
    expect(all()).toEqual([0, 2, 0, 2]);
  });

  it('does not keep a segment, and throws nothing, where the code that encodes it is missing', () => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const log = new Log(new FakeClock(), { error: say, warn: say, info: say, debug: say });
    const byName = jest.fn((): never => {
      throw new LoadError("Cannot find module './spool-codec.js'");
    });
    const queue = new SegmentQueue({ log, tally, capacity: 10, byName });
    for (let at = 0; at < 3; at++) expect([queue.append(numbered(0)), queue.waiting]).toEqual([false, 0]);
    expect(lines).toEqual([expect.stringContaining('Cannot find module')]);
    // To look for it costs a request much.
    expect(byName).toHaveBeenCalledTimes(1);
    queue.use(api.target());
    expect([queue.append(numbered(1)), queue.waiting]).toEqual([true, 1]);
  });

  it('keeps the next segment where the code that encodes it could not be read, as no descriptor was left', () => {
    const queue = queueOf(10);
    queue.use(undefined);
    const cause = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    const byName = jest.spyOn(api, 'byName').mockImplementationOnce(() => {
      throw new LoadError(cause.message, { cause });
    });
    expect([0, 1].map((n) => queue.append(numbered(n)))).toEqual([false, true]);
    expect(byName).toHaveBeenCalledTimes(2);
  });

  it('is a bounded list, whatever is done to it in whatever order', () => {
    const of = <T extends string>(type: T, max: number) =>
      fc.record({ type: fc.constant(type), count: fc.integer({ min: 1, max }) });
    const step = fc.oneof(of('push', 400), of('next', 4), of('acknowledge', 4), of('reset', 1), of('known', 2));
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
          push(pushed, pushed + count);
          list.push(...Array.from({ length: count }, (_, n) => pushed + n));
          pushed += count;
          bound();
        } else if (type === 'next') {
          for (let n = 0; n < count; n++) {
            const next = peek();
            expect(next === undefined).toBe(!isKnown || list.length === 0);
            if (!next) continue;
            expect([epochsOf(next), numbersOf(next)]).toEqual([[api.epoch], list.splice(0, next.count)]);
            taken.push(next);
          }
        } else if (type === 'acknowledge') {
          const sent = taken.splice(0, count - 1);
          list = [...taken.flatMap(numbersOf), ...list];
          expect(queue.acknowledge(sent.at(-1)?.end ?? 0)).toBe(sent.flatMap(numbersOf).length);
          taken = [];
          bound();
        } else if (type === 'reset') reset();
        else setKnown((isKnown = count === 1));
        const inFlight = taken.flatMap(numbersOf).length;
        expect([queue.waiting, queue.inFlight, tally.dropped]).toEqual([list.length, inFlight, dropped]);
      }
      setKnown(true);
      expect(all()).toEqual(list);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('lets everything go when it is cleared, and says how much that was', () => {
    const queue = queueOf(1_000);
    push(0, 300);
    setKnown(false);
    push(300, 400);
    expect([queue.clear(), queue.waiting]).toEqual([400, 0]);
    setKnown(true);
    expect(peek()).toBeUndefined();
  });

  it('forgets what is acknowledged, and has what was peeked behind it again', () => {
    api.mostInBatch = 2;
    const queue = queueOf(10);
    push(0, 6);
    const [first, second] = [peek(), peek(), peek()];
    expect([queue.waiting, queue.inFlight]).toEqual([0, 6]);
    expect(queue.acknowledge(first!.end)).toBe(2);
    expect([queue.waiting, queue.inFlight]).toEqual([4, 0]);
    expect(queue.acknowledge(second!.end)).toBe(0);
    expect(all()).toEqual([2, 3, 4, 5]);
  });
});

describe('a second store for what overflows', () => {
  let spooled: number[];
  let isFull: boolean;
  const overflow = {
    append: (segment: Segment | Buffer) => {
      if (!isFull) spooled.push(numberIn(segment));
      return !isFull;
    },
  };

  beforeEach(() => {
    spooled = [];
    isFull = false;
  });

  it('gets the oldest, encoded or not, and none of them is dropped', () => {
    const queue = queueOf(4, overflow);
    push(0, 3);
    setKnown(false);
    push(3, 9);
    expect([spooled, queue.waiting, tally.dropped]).toEqual([[0, 1, 2, 3, 4], 4, 0]);
  });

  it('gets nothing of what is in flight', () => {
    const queue = queueOf(2, overflow);
    push(0, 2);
    peek();
    push(2, 5);
    expect([spooled, queue.inFlight]).toEqual([[2], 2]);
  });

  it('gets all that waits when it is told to', () => {
    const queue = queueOf(10, overflow);
    push(0, 3);
    setKnown(false);
    push(3, 6);
    queue.spill(10);
    expect([spooled, queue.waiting]).toEqual([[0, 1, 2, 3, 4, 5], 0]);
  });

  it('leaves what it does not take to memory, as far as there is room', () => {
    isFull = true;
    const queue = queueOf(4, overflow);
    push(0, 4);
    queue.spill(10);
    expect(queue.waiting).toBe(4);
    push(4, 6);
    expect([queue.waiting, tally.snapshot(queue).droppedBecause]).toEqual([4, { 'buffer-full': 2 }]);
    isFull = false;
    queue.spill(10);
    expect(spooled).toEqual([2, 3, 4, 5]);
  });

  it('gets those that are encoded by name as they are', () => {
    const given: unknown[] = [];
    const queue = queueOf(10, { append: (segment) => given.push(segment) > 0 });
    push(0, 1);
    setKnown(false);
    push(1, 3);
    queue.spill(10);
    expect(given.map(Buffer.isBuffer)).toEqual([false, true, true]);
    expect(given.slice(1).map((segment) => numberIn(segment as Buffer))).toEqual([1, 2]);
  });

  it('does not get one that cannot be decoded, which is counted', () => {
    const queue = queueOf(10, overflow);
    api.undecodable.add(1);
    push(0, 3);
    queue.spill(10);
    expect([spooled, tally.snapshot(queue).droppedBecause]).toEqual([[0, 2], { 'not-encodable': 1 }]);
  });
});
