import type { Clock } from '../../base/clock';
import type { Segment } from '../../model/segment';
import type { KeepOptions } from '../../api/options';
import { WaitingTexts } from '../waiting-texts';

/** What waits here at most: segments, and spans of all of them. */
const MAX_SEGMENTS = 256;
const MAX_SPANS = 4_096;
/** Number of traces that are remembered whose segments are sent from now on. */
const MAX_KEPT_TRACES = 1_024;

/**
 * The last segments of traces that were not sampled. When one of a trace shows an error, or takes long, all of that trace
 * that are here are sent, and so are those that end later. Other processes do not learn of it.
 */
export class UnsampledSegments {
  /** With their trace's id, the oldest first. */
  private readonly waiting = new Map<Segment, string>();
  private readonly kept = new Set<string>();
  private readonly texts: WaitingTexts;
  private spans = 0;

  constructor(
    clock: Clock,
    private readonly options: KeepOptions,
    private readonly send: (segment: Segment) => void,
  ) {
    this.texts = new WaitingTexts(clock);
  }

  add(segment: Segment): void {
    const trace = segment.traceId.toString();
    if (!this.kept.has(trace) && !this.isWanted(segment)) {
      this.waiting.set(segment, trace);
      this.texts.add(segment);
      this.spans += segment.spans.length;
      this.dropOldest();
      return;
    }
    this.remember(trace);
    for (const [other, of] of this.waiting) {
      if (of !== trace) continue;
      this.remove(other);
      this.send(other);
    }
    this.send(segment);
  }

  private isWanted({ spans }: Segment): boolean {
    const { errors = false, slowerThanMs = Infinity } = this.options;
    return spans.some(({ isError, startTime, endTime }) => (errors && isError) || endTime - startTime >= slowerThanMs);
  }

  private remember(trace: string): void {
    // Those of now go last.
    this.kept.delete(trace);
    this.kept.add(trace);
    const [oldest] = this.kept;
    if (oldest !== undefined && this.kept.size > MAX_KEPT_TRACES) this.kept.delete(oldest);
  }

  private remove(segment: Segment): void {
    this.waiting.delete(segment);
    this.texts.remove(segment);
    this.spans -= segment.spans.length;
  }

  private dropOldest(): void {
    for (const [oldest] of this.waiting) {
      if (this.waiting.size <= MAX_SEGMENTS && this.spans <= MAX_SPANS) return;
      this.remove(oldest);
      oldest.release();
    }
  }
}
