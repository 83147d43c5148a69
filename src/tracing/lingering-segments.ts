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
 * Segments with spans that may never end. Each is sent without them in the end. Where only promised spans are open, others
 * have to end them, and may have forgotten; but one whose first span is such is not late, its work goes on. Where the
 * first span has ended, its request is over, and there is a call that hangs, or a job that goes on: that has as long as
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

  /** A span of it has ended, and its first span has, or only promised ones are left. */
  add(segment: Segment): void {
    const { since, options } = this;
    const now = options.clock.elapsed();
    segment.isLingering = true;
    since.set(segment, now);
    this.texts.add(segment);
    if (since.size === 1) options.onWaiting?.();
    if (since.size > MAX_LINGERING) this.cutOldest();
    this.lookAt(this.dueAt(segment, now, now, options.clock.now()), now);
  }

  /** It has many spans, and is open, who knows for how long. */
  watch(segment: Segment): void {
    segment.isLingering = true;
    this.texts.add(segment);
  }

  /** Its last span has ended. */
  remove(segment: Segment): void {
    segment.isLingering = false;
    this.since.delete(segment);
    this.texts.remove(segment);
  }

  /** The process ends, or the agent does. */
  sendAll(): void {
    for (const segment of this.since.keys()) this.cut(segment);
  }

  private cutOldest(): void {
    const [oldest] = this.since.keys();
    if (oldest !== undefined) this.cut(oldest);
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
    const { clock } = this.options;
    const now = clock.elapsed();
    const wallNow = clock.now();
    this.lookedAt = now;
    let nextAt = Infinity;
    for (const [segment, since] of this.since) {
      const dueAt = this.dueAt(segment, since, now, wallNow);
      if (dueAt <= now) this.cut(segment);
      else nextAt = Math.min(nextAt, dueAt);
    }
    this.lookAt(nextAt, now);
  }

  /** By the clock that is not set. @param wallNow milliseconds since 1970 */
  private dueAt({ root, promised, openedAt, openSpans }: Segment, since: number, now: number, wallNow: number): number {
    const oldAt = now + (openedAt + this.options.maxSegmentAgeMs - wallNow);
    if (root?.endTime === 0) return oldAt;
    return promised?.length === openSpans ? since + LINGER_MS : Math.max(since + LINGER_MS, oldAt);
  }

  private cut(segment: Segment): void {
    this.remove(segment);
    const { promised, root } = segment;
    if (root?.endTime === 0) {
      // Other work has begun in it meanwhile: it comes back when that ends.
      if (promised?.length !== segment.openSpans) return;
      this.options.endRoot(root);
      segment.add(root);
    }
    adopt(segment);
    segment.promised = undefined;
    segment.openSpans = 0;
    this.options.send(segment);
  }
}

/** What is within a span that does not go with it comes under the nearest that does, as far as that is known, or the first. */
function adopt({ spans, promised = [] }: Segment): void {
  const ended = new Set(spans.map(({ spanId }) => spanId));
  const parents = new Map(promised.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
  for (const span of spans) {
    while (span.parentSpanId > 0 && !ended.has(span.parentSpanId))
      span.parentSpanId = parents.get(span.parentSpanId) ?? 0;
  }
}
