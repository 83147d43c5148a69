import type { Clock, Timer } from '../base/clock';
import type { Segment } from '../model/segment';

/** Most segments that wait do so for less. */
const OWN_AFTER_MS = 1_000;
/** A span's texts take some 10 to 25 us, and nothing else of the process runs meanwhile. */
export const SPANS_AT_A_TIME = 64;
/** In between, others have their turn. */
const REST_MS = 5;

/**
 * What is reported in segments that wait, or are open for long, may be a part of a large text, which V8 would keep as long.
 * It is copied, which costs more than to record it: once, and only of what was there already when this looked before, once
 * a second. A few spans at a time, since tens of thousands may wait.
 */
export class WaitingTexts {
  /** Since the last look. */
  private recent = new Set<Segment>();
  /** To be copied now, or at the next look. */
  private due = new Set<Segment>();
  private timer: Timer | undefined;

  constructor(private readonly clock: Clock) {}

  /** It waits from now on, may be open for long, or has got another span meanwhile. */
  add(segment: Segment): void {
    // One that gets ever more spans does not become recent again by that.
    if (!this.due.has(segment)) this.recent.add(segment);
    this.lookAfter(OWN_AFTER_MS);
  }

  /** It is sent. */
  remove(segment: Segment): void {
    this.recent.delete(segment);
    this.due.delete(segment);
  }

  private lookAfter(ms: number): void {
    this.timer ??= this.clock.after(ms, () => this.look());
  }

  private look(): void {
    this.timer = undefined;
    this.ownSome();
    if (this.due.size > 0) {
      this.lookAfter(REST_MS);
      return;
    }
    [this.due, this.recent] = [this.recent, this.due];
    if (this.due.size > 0) this.lookAfter(OWN_AFTER_MS);
  }

  private ownSome(): void {
    let left = SPANS_AT_A_TIME;
    for (const segment of this.due) {
      left -= segment.ownTexts(left);
      // It may have more of them.
      if (left === 0) return;
      this.due.delete(segment);
    }
  }
}
