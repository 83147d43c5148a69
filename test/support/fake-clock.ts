import type { Clock, Timer } from '../../src/base/clock';

interface Waiting {
  dueAt: number;
  fn: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  /** What `random()` answers. */
  chance = 0.5;
  private elapsedMs = 0;
  private readonly waiting = new Set<Waiting>();

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
    const waiting = { dueAt: this.elapsedMs + Math.max(0, ms), fn };
    this.waiting.add(waiting);
    return { cancel: () => this.waiting.delete(waiting) };
  }

  /** The number of timers that wait. */
  get pending(): number {
    return this.waiting.size;
  }

  /** Lets time pass; each timer that falls due runs at its own moment, and what it promised settles before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    for (;;) {
      const next = this.earliest(end);
      if (!next) break;
      this.elapsedMs = Math.max(this.elapsedMs, next.dueAt);
      this.waiting.delete(next);
      next.fn();
      await settle();
    }
    this.elapsedMs = end;
  }

  private earliest(end: number): Waiting | undefined {
    let found: Waiting | undefined;
    for (const waiting of this.waiting) {
      if (waiting.dueAt <= end && (!found || waiting.dueAt < found.dueAt)) found = waiting;
    }
    return found;
  }
}

/** Promises that were settled have run what hangs on them. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
