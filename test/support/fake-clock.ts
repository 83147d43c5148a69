import type { Clock, Timer } from '../../src/base/clock';

interface Waiting {
  readonly dueAt: number;
  /** Those that are due at one moment run in the order in which they were set. */
  readonly order: number;
  readonly fn: () => void;
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.order < other.order);
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  /** What `random()` answers. */
  chance = 0.5;
  /** The turns of the event loop that what a timer sets off may take. */
  protected readonly turns: number = 3;
  private elapsedMs = 0;
  private order = 0;
  private readonly waiting = new Set<Waiting>();
  /** All that were set and have not run, the cancelled ones too: a binary heap, the earliest first. */
  private readonly heap: Waiting[] = [];

  /** @param startsAt milliseconds since 1970 */
  constructor(private startsAt = Date.parse('2026-11-21T21:00:00.000Z')) {}

  now(): number {
    return this.startsAt + this.elapsedMs;
  }

  elapsed(): number {
    return this.elapsedMs;
  }

  random(): number {
    return this.chance;
  }

  /** Shifts the wall clock alone, as an operator or NTP does. */
  shift(ms: number): void {
    this.startsAt += ms;
  }

  after(ms: number, fn: () => void): Timer {
    const waiting = { dueAt: this.elapsedMs + Math.max(0, ms), order: this.order++, fn };
    this.waiting.add(waiting);
    this.push(waiting);
    return { cancel: () => this.waiting.delete(waiting) };
  }

  /** The number of timers that wait. */
  get pending(): number {
    return this.waiting.size;
  }

  /** Lets time pass; each timer that falls due runs at its own moment, and what it promised settles before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await this.settle();
    for (;;) {
      const next = this.earliest(end);
      if (!next) break;
      this.elapsedMs = Math.max(this.elapsedMs, next.dueAt);
      this.waiting.delete(next);
      next.fn();
      await this.settle();
    }
    this.elapsedMs = end;
  }

  /** The next that is due by then, taken out of the heap. */
  private earliest(end: number): Waiting | undefined {
    for (;;) {
      const [first] = this.heap;
      if (!first) return undefined;
      if (this.waiting.has(first)) return first.dueAt <= end ? this.pop() : undefined;
      this.pop();
    }
  }

  private push(waiting: Waiting): void {
    const { heap } = this;
    let at = heap.push(waiting) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(waiting, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = waiting;
  }

  private pop(): Waiting | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (!last || last === first) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  /** Promises that were settled have run what hangs on them. */
  private async settle(): Promise<void> {
    for (let turn = 0; turn < this.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
