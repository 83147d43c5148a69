import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { truncate } from '../base/text';
import { wholeMillis } from '../base/time';
import type { SpanType } from '../model/components';
import type { Id } from '../model/ids';
import { LIMITS } from '../model/limits';
import { Segment, Span } from '../model/segment';
import type { IdGenerator } from './id-generator';

export interface SpanFactoryOptions {
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly maxSpansPerSegment?: number;
  /** A segment that was opened longer ago takes no more spans: what comes then is a trace of its own. */
  readonly maxSegmentAgeMs?: number;
}

/**
 * An event stream can be open for days. Nothing of a segment is seen, and all of it held in memory, until its last span
 * ends; five minutes is longer than nearly any request, and as long as most proxies let one take. Nor may its trace
 * grow for days: no page shows one of a hundred thousand segments.
 */
export const MAX_SEGMENT_AGE_MS = 5 * 60_000;

/** Opens a span that is to be, in the segment where it belongs: its parent's, as long as that takes one, or a new one. */
export class SpanFactory {
  /** Spans a segment, from now on. */
  maxSpans: number;
  private readonly clock: Clock;
  private readonly ids: IdGenerator;
  private readonly maxAgeMs: number;

  constructor(
    { clock, ids, maxSpansPerSegment, maxSegmentAgeMs }: SpanFactoryOptions,
    private readonly leftOut: SpanLimitCounters,
  ) {
    this.clock = clock;
    this.ids = ids;
    this.maxSpans = maxSpansPerSegment ?? 300;
    this.maxAgeMs = maxSegmentAgeMs ?? MAX_SEGMENT_AGE_MS;
  }

  /**
   * The first span of a new segment.
   * @param traceId absent: a new one
   * @param startTime absent: now
   */
  startRoot(
    type: SpanType,
    operationName: string,
    traceId: Id | undefined,
    startTime: number | undefined,
    now = this.clock.now(),
  ): Span {
    const segment = new Segment(traceId ?? this.ids.next(now), this.ids.next(now));
    segment.openedAt = now;
    segment.root = this.create(segment, -1, type, operationName, startTime, now);
    return segment.root;
  }

  /**
   * Gives a span that is still open, and that its segment went without, a segment of its own in the same trace: what
   * ends late shows late.
   */
  detach(span: Span): void {
    const { segment: before } = span;
    const segment = new Segment(before.traceId, this.ids.next());
    segment.openedAt = before.openedAt;
    segment.entry = before.entry;
    inherit(segment, before);
    segment.root = span;
    segment.openSpans = 1;
    segment.nextSpanId = 1;
    span.segment = segment;
    span.spanId = 0;
    span.parentSpanId = -1;
  }

  /** Whether no more is to be part of it. @param now milliseconds since 1970 */
  isOld({ openedAt }: { readonly openedAt: number }, now = this.clock.now()): boolean {
    return now - openedAt > this.maxAgeMs;
  }

  /**
   * @param parent of a segment that is not old
   * @param now milliseconds since 1970
   * @returns `undefined`: the segment is full
   */
  startChild(
    type: SpanType,
    operationName: string,
    parent: Span,
    startTime: number | undefined,
    now: number,
  ): Span | undefined {
    const { segment } = parent;
    // A timer or a late callback after everything had ended: the segment may be sent already.
    if (segment.openSpans === 0) return this.continueTrace(segment, type, operationName, startTime, now);
    if (segment.nextSpanId >= this.maxSpans) {
      segment.isSizeLimited = true;
      this.leftOut.droppedSpans++;
      return undefined;
    }
    return this.create(segment, parent.spanId, type, operationName, startTime, now);
  }

  /**
   * The same trace goes on in a new segment; without a ref to the old one, since a v2 ref needs a network address and
   * endpoints, which work within one process does not have, and a ref that lacks them loses the whole segment.
   */
  private continueTrace(
    before: Segment,
    type: SpanType,
    operationName: string,
    startTime: number | undefined,
    now: number,
  ): Span {
    const span = this.startRoot(type, operationName, before.traceId, startTime, now);
    const { segment } = span;
    inherit(segment, before);
    segment.entry = before.entry;
    // As old as what it goes on with, or a chain of timers would never be too old.
    segment.openedAt = before.openedAt;
    return span;
  }

  private create(
    segment: Segment,
    parentSpanId: number,
    type: SpanType,
    operationName: string,
    startTime: number | undefined,
    now: number,
  ): Span {
    segment.openSpans++;
    const from = startTime === undefined ? now : wholeMillis(startTime, now);
    return new Span(segment, segment.nextSpanId++, parentSpanId, type, truncate(operationName, LIMITS.name), from);
  }
}

/** What the application gave the work along stays with it. */
function inherit(segment: Segment, { carrier, correlation, skipsAnalysis, isSampled }: Segment): void {
  segment.carrier = carrier;
  segment.correlation = correlation;
  segment.skipsAnalysis = skipsAnalysis;
  segment.isSampled = isSampled;
}

/** What was left out because a segment or a span was full; counted since the start. */
export class SpanLimitCounters {
  droppedSpans = 0;
  /** Tags, logs and refs. */
  droppedAttributes = 0;
  /** Not left out, but under another key: tags that a backend would lose their segments for. */
  renamed = 0;
  /** Not left out, but put into segments of their own, since the one they belong to had been open for too long. */
  splitSegments = 0;
}

/** Says how much of what was traced had no room, or did not go as it was meant. */
export class SpanLimitLog {
  private readonly said = new SpanLimitCounters();

  constructor(private readonly log: Log) {}

  /** For every segment: nearly always there is nothing new. @param now counted since the start */
  report(now: Readonly<SpanLimitCounters>): void {
    const { said, log } = this;
    if (now.droppedSpans > said.droppedSpans)
      log.warn(`segments were full: ${now.droppedSpans} spans were left out so far`, 'spans');
    if (now.droppedAttributes > said.droppedAttributes)
      log.warn(`spans were full: ${now.droppedAttributes} tags, logs and refs were left out so far`, 'details');
    if (now.renamed > said.renamed)
      log.warn(
        `tags that a backend cannot read would lose their segments: ${now.renamed} so far are shown with ".invalid" behind ` +
          'their keys; x-le has to be {"name": string, "latency": number, "status": boolean}, transmission.latency a whole number',
        'renamed',
      );
    if (now.splitSegments > said.splitSegments)
      log.info(
        `segments were open for long: ${now.splitSegments} spans so far went into segments of their own`,
        'late',
      );
    said.droppedSpans = now.droppedSpans;
    said.droppedAttributes = now.droppedAttributes;
    said.renamed = now.renamed;
    said.splitSegments = now.splitSegments;
  }
}
