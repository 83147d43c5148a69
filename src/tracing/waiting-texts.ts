import type { Clock, Timer } from '../base/clock';
import type { Segment } from '../model/segment';

/** Most segments that wait do so for less. */
const OWN_AFTER_MS = 1_000;

/**
 * What is reported in segments that wait may be a part of a large text, which V8 would keep as long. It is copied, which
 * costs more than to record it: once, and only of what still waits when this looks, once a second.
 */
export class WaitingTexts {
  private readonly segments = new Set<Segment>();
  private timer: Timer | undefined;

  constructor(private readonly clock: Clock) {}

  /** It waits from now on, or has got another span meanwhile. */
  add(segment: Segment): void {
    this.segments.add(segment);
    this.timer ??= this.clock.after(OWN_AFTER_MS, () => this.own());
  }

  /** It waits no longer. */
  remove(segment: Segment): void {
    this.segments.delete(segment);
  }

  private own(): void {
    this.timer = undefined;
    for (const segment of this.segments) segment.ownTexts();
    this.segments.clear();
  }
}
