import { Component, Layer, type SpanType } from './vocabulary';
import type { Id } from './id';
import type { SegmentRef } from './segment-ref';

export type { SegmentRef };

export interface SpanLog {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** key, value, key, value … */
  readonly data: readonly string[];
}

/**
 * The part of one trace that ran in this process. It holds names, never ids of the backend: those are looked up when
 * it is encoded, so that a reset in between mislabels nothing.
 */
export class Segment {
  /** In the order of their ending: a child is usually before its parent. */
  spans: Span[] = [];
  openSpans = 0;
  nextSpanId = 0;
  /** Spans were left out because there were too many. */
  isSizeLimited = false;

  constructor(
    readonly traceId: Id,
    readonly segmentId: Id,
  ) {}
}

/**
 * One piece of work. Plain fields, all set in the constructor, so that every span has one hidden class. What HTTP
 * instrumentation knows (`method`, `url`, `statusCode`) stays apart until encoding, since the protocols name spans
 * and tags differently.
 */
export class Span {
  /** Milliseconds since 1970; 0 while the span is open. */
  endTime = 0;
  layer: Layer = Layer.unknown;
  componentId: number = Component.unknown;
  isError = false;
  /** Of exit spans: `host:port`. */
  peer = '';
  /** Empty: no HTTP. */
  method = '';
  url = '';
  /** 0: none known. */
  statusCode = 0;
  /** key, value, key, value …; strings only. */
  tags: string[] | undefined = undefined;
  logs: SpanLog[] | undefined = undefined;
  refs: SegmentRef[] | undefined = undefined;

  constructor(
    readonly segment: Segment,
    readonly spanId: number,
    /** -1 for the first of its segment. */
    readonly parentSpanId: number,
    readonly type: SpanType,
    public operationName: string,
    /** Milliseconds since 1970. */
    readonly startTime: number,
  ) {}
}
