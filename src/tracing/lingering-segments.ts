import type { Clock, Timer } from '../base/clock';
import type { Segment, Span } from '../model/segment';
import { WaitingTexts } from './waiting-texts';

interface LingeringSegmentsOptions {
  readonly clock: Clock;
  /** A segment whose first span is open is given as long as this, from its opening. */
  readonly maxSegmentAgeMs: number;
  /** Ends a segment's first span, which was promised and is still open: no backend shows a segment without it. */
  endRoot(root: Span): void;
  /** Takes a segment that waits no longer. */
  send(segment: Segment): void;
  /** There is a segment that waits, where there was none. */
  onWaiting?(): void;
}

/** Some instrumentations never end the spans of cursors and streams. So long a segment waits that has only such spans left. */
const LINGER_MS = 10_000;
/** To look at all that wait for each that is due would take a processor of its own, where a thousand come a second. */
const LOOK_EVERY_MS = 250;
/** The most segments that wait; the oldest goes when there is one more. */
const MAX_LINGERING = 10_000;

/**
 * Segments in which the only open spans are promised: others have to end them, and may have forgotten. Each is sent
 * without them in the end. A segment whose first span is one of them is not late, its work goes on: it has as long as
 * any segment.
 */
export class LingeringSegments {
  /** When the last span of each has ended. */
  private readonly since = new Map<Segment, number>();
  private timer: Timer | undefined;
  /** When it fires: with the first that is due or shortly afterwards, or before. */
  private looksAt = Infinity;
  private lookedAt = -Infinity;
  private readonly texts: WaitingTexts;

  constructor(private readonly options: LingeringSegmentsOptions) {
    this.texts = new WaitingTexts(options.clock);
  }

  /** A span of it has ended, and only promised ones are left. */
  add(segment: Segment): void {
    const { since, options } = this;
    const now = options.clock.elapsed();
    since.set(segment, now);
    this.texts.add(segment);
    if (since.size === 1) options.onWaiting?.();
    const [oldest] = since.keys();
    if (oldest !== undefined && since.size > MAX_LINGERING) this.cut(oldest);
    this.lookAt(this.dueAt(segment, now, now), now);
  }

  /** Its last span has ended. */
  remove(segment: Segment): void {
    this.since.delete(segment);
    this.texts.remove(segment);
  }

  /** The process ends, or the agent does. */
  sendAll(): void {
    for (const segment of this.since.keys()) this.cut(segment);
  }

  private lookAt(dueAt: number, now: number): void {
    const at = Math.max(dueAt, this.lookedAt + LOOK_EVERY_MS);
    if (at >= this.looksAt) return;
    this.timer?.cancel();
    this.looksAt = at;
    this.timer = this.options.clock.after(at - now, () => this.look());
  }

  private look(): void {
    this.looksAt = Infinity;
    const now = this.options.clock.elapsed();
    this.lookedAt = now;
    let nextAt = Infinity;
    for (const [segment, since] of this.since) {
      const dueAt = this.dueAt(segment, since, now);
      if (dueAt <= now) this.cut(segment);
      else nextAt = Math.min(nextAt, dueAt);
    }
    this.lookAt(nextAt, now);
  }

  private dueAt(segment: Segment, since: number, now: number): number {
    const { clock, maxSegmentAgeMs } = this.options;
    if (segment.root?.endTime === 0) return now + (segment.openedAt + maxSegmentAgeMs - clock.now());
    return since + LINGER_MS;
  }

  private cut(segment: Segment): void {
    this.remove(segment);
    const { promised, root } = segment;
    // Other work has begun in it meanwhile: it comes back when that ends.
    if (!promised || promised.length !== segment.openSpans) return;
    if (root?.endTime === 0) {
      this.options.endRoot(root);
      segment.add(root);
    }
    const parents = new Map(promised.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
    if (root) parents.delete(root.spanId);
    for (const span of segment.spans) {
      // Under the nearest span that goes with it.
      for (let above = parents.get(span.parentSpanId); above !== undefined; above = parents.get(above))
        span.parentSpanId = above;
    }
    segment.promised = undefined;
    segment.openSpans = 0;
    this.options.send(segment);
  }
}
