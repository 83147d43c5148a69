import { ForeignHeaders } from './foreign-headers';
import type { Id, NumericId } from './ids';
import { type RefType, Component, Layer, type SpanType } from './components';
import type { KnownHeader } from './known-header';
import { LIMITS } from './limits';
import { copyOf, truncate } from '../base/text';

/** Where a segment's work was asked for, as a carrier brings it. What one protocol knows means nothing to the other. */
export type SegmentRef = V2Ref | V3Ref;

/**
 * By the v2 carrier. A name is a string, an id that the caller's backend gave out is a number; the numbers mean
 * something only to the backend and in the epoch they came in.
 */
export interface V2Ref {
  /** The epoch of our registration when it came; none where its ids may have been those from before a reset. */
  readonly epoch: number;
  readonly refType: RefType;
  readonly parentSegmentId: NumericId;
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  readonly entryInstanceId: number;
  readonly networkAddress: string | number;
  /** Absent: the carrier named none. */
  readonly entryEndpoint: string | number | undefined;
  readonly parentEndpoint: string | number | undefined;
  /** Tells the two apart. */
  readonly parentService?: undefined;
}

/** By the v3 carrier: names only. */
export interface V3Ref {
  readonly refType: RefType;
  readonly traceId: Id;
  readonly parentSegmentId: Id;
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentInstance: string;
  readonly parentEndpoint: string;
  /** The address that the caller called us by. */
  readonly addressUsedAtPeer: string;
}

export function isV2(ref: SegmentRef): ref is V2Ref {
  return ref.parentService === undefined;
}

export interface SpanLog {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** key, value, key, value … */
  readonly data: readonly string[];
}

/** Asked for a span's name when it is needed. */
export interface NameSource {
  /**
   * A better name than the span has so far.
   * @returns `undefined`: none is known yet. Must not throw
   */
  resolve(given: string): string | undefined;
}

/** Few segments are open for as long. What is reported of those may be a part of a large text, which is kept with it. */
const LASTING_MS = 1_000;

/** Shared by all that have none: an array for each would be two more a request. */
const NO_SPANS: readonly Span[] = [];

/**
 * The part of one trace that ran in this process. It holds names, never ids of the backend: those are looked up when
 * it is encoded, so that a reset in between mislabels nothing.
 */
export class Segment {
  openSpans = 0;
  /** The open ones that code of others has promised to end, and may forget; `undefined`: there never was one. */
  promised: Span[] | undefined = undefined;
  /** It waits for open spans, or has many, and is to be taken from where that is noted when it is sent. */
  isLingering = false;
  nextSpanId = 0;
  /** Milliseconds since 1970, of its first span, or of that of the segment which it goes on with. */
  openedAt = 0;
  /** Spans were left out because there were too many. */
  isSizeLimited = false;
  /** The request that this is the work of, or the rest of; it may have ended in an earlier segment. */
  entry: Span | undefined = undefined;
  /** Its first span. */
  root: Span | undefined = undefined;
  /** The header that brought the trace, as it came; of a caller who is not believed, all that came. */
  carrier: KnownHeader | ForeignHeaders | undefined = undefined;
  /** The application's own data that travels with the trace, v3 only; replaced as a whole, since segments share it. */
  correlation: ReadonlyMap<string, string> | undefined = undefined;
  /** Not to count in the metrics; v3 only. */
  skipsAnalysis = false;
  /** Its trace is recorded by all services; otherwise it is sent only if it turns out to be worth it. */
  isSampled = true;
  private ended: Span[] | undefined = undefined;
  /** How many of those that have ended own their texts. */
  private owningEnded = 0;
  /** The promised ones below this id do. */
  private owningBelow = 0;
  private isRootOwning = false;

  constructor(
    /** That of a consumer's segment is known with its first message. */
    public traceId: Id,
    readonly segmentId: NumericId,
  ) {}

  /** What ours takes the place of where the application hands it on. */
  get forwarded(): KnownHeader | undefined {
    return this.carrier instanceof ForeignHeaders ? undefined : this.carrier;
  }

  /** What the application is not to hand on. */
  get foreign(): ForeignHeaders | undefined {
    return this.carrier instanceof ForeignHeaders ? this.carrier : undefined;
  }

  /** In the order of their ending: a child is usually before its parent. */
  get spans(): readonly Span[] {
    return this.ended ?? NO_SPANS;
  }

  /** Whether what is reported now stays for long, or has come late. @param now milliseconds since 1970 */
  isLasting(now: number): boolean {
    return now - this.openedAt >= LASTING_MS;
  }

  add(span: Span): void {
    // Most segments have one span, and a first `push` makes room for seventeen.
    if (this.ended === undefined) this.ended = [span];
    else this.ended.push(span);
  }

  /**
   * Called when it is open, or waits, for long, again when it has got more: each span is asked once after its end, and the
   * first and the promised ones once before.
   * @param most spans that are asked now; the rest at the next call
   * @returns how many were. Less than that: there is no rest
   */
  ownTexts(most: number): number {
    const { spans, promised = NO_SPANS, root } = this;
    let asked = 0;
    if (!this.isRootOwning && root?.endTime === 0) {
      root.ownTexts();
      asked++;
    }
    this.isRootOwning = true;
    for (; this.owningEnded < spans.length && asked < most; asked++) {
      const at = this.owningEnded++;
      spans[at]?.ownTexts(spans[at - 1]);
    }
    // In the order of their ids.
    for (const span of promised) {
      if (asked === most) return asked;
      if (span.spanId < this.owningBelow) continue;
      span.ownTexts();
      this.owningBelow = span.spanId + 1;
      asked++;
    }
    return asked;
  }

  /**
   * Called when it will not be sent any more. A connection, a promise or a timer that was made in one of its spans keeps
   * that span for as long as it lives. It must keep neither all the others nor what was reported of it: parts of a large
   * text hold all of that.
   */
  release(): void {
    if (this.ended === undefined) return;
    for (const span of this.ended) {
      span.tags = undefined;
      span.logs = undefined;
      if (span.refs !== undefined) span.refs = refsNamedLater(span.refs);
    }
    this.ended = undefined;
  }
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
  /** `host:port`, on exit spans. */
  peer = '';
  /** Empty: no HTTP. */
  method = '';
  /** Scheme and host of the URL, which many spans share; apart, since joining costs more than to write them apart. */
  urlBase = '';
  urlRest = '';
  /** 0: none known. */
  statusCode = 0;
  /** key, value, key, value …; strings only. */
  tags: string[] | undefined = undefined;
  logs: SpanLog[] | undefined = undefined;
  refs: SegmentRef[] | undefined = undefined;
  /** Finds a better name than the path; undefined once the name is settled. */
  naming: NameSource | undefined = undefined;
  /** Another process was told the name: it stays. */
  isNameFrozen = false;

  constructor(
    public segment: Segment,
    public spanId: number,
    /** -1 for the first of its segment. */
    public parentSpanId: number,
    /** An exit becomes local when there is an exit within it. */
    public type: SpanType,
    public operationName: string,
    /** Milliseconds since 1970. */
    readonly startTime: number,
  ) {}

  get url(): string {
    return this.urlBase + this.urlRest;
  }

  set url(url: string) {
    this.urlBase = '';
    this.urlRest = url;
  }

  /**
   * What was reported may be a part of a large text. Keys are not, as a rule: they stand in code, where all spans share them.
   * @param before owns its texts. Calls in a loop mostly have the same: those it shares
   */
  ownTexts(before?: Span): void {
    const { tags } = this;
    this.operationName = ownText(this.operationName, before?.operationName);
    this.peer = ownText(this.peer, before?.peer);
    this.urlBase = ownText(this.urlBase, before?.urlBase);
    this.urlRest = ownText(this.urlRest, before?.urlRest);
    if (tags) for (let at = 1; at < tags.length; at += 2) tags[at] = ownText(tags[at] as string, before?.tags?.[at]);
    this.logs = this.logs?.map(({ time, data }) => ({ time, data: data.map(ownValue) }));
  }
}

function ownValue(text: string, at: number): string {
  return at % 2 === 1 ? copyOf(text) : text;
}

function ownText(text: string, same: string | undefined): string {
  return text === same ? same : copyOf(text);
}

/** A header that goes out later names the first of v2: where it came in, and no more of it. */
function refsNamedLater(refs: readonly SegmentRef[]): SegmentRef[] | undefined {
  const first = refs.find(isV2);
  return first && [{ ...first, networkAddress: 0, parentEndpoint: undefined }];
}

/** From here on the span's name stays: another process is told of it. */
export function freezeName(span: Pick<Span, 'operationName' | 'naming' | 'isNameFrozen'>): void {
  if (span.isNameFrozen) return;
  span.isNameFrozen = true;
  const name = span.naming?.resolve(span.operationName);
  if (name !== undefined) span.operationName = truncate(name, LIMITS.name);
  // It leads to the request, and a segment may wait for long.
  span.naming = undefined;
}
