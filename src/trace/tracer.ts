import { types } from 'node:util';
import { context, untraced, type Scope } from './context';
import { withPair } from './correlation';
import { errorLog } from './error-log';
import { LIMIT } from './limit';
import { observe } from './observe';
import { Propagation, type PropagationOptions } from './propagation';
import { Segment, Span } from './segment';
import { settleName } from './settle-name';
import { text } from './text';
import { TraceSpan } from './trace-span';
import { SpanType } from './vocabulary';
import type { Clock } from '../base/clock';
import type { Id, IdGenerator } from './id';
import type { IncomingHeaders } from './incoming-headers';
import type { Origin } from './origin';
import type { SegmentRef } from './segment-ref';

export interface TracerOptions extends PropagationOptions {
  readonly clock: Clock;
  readonly ids: IdGenerator;
  /** Takes each segment when its last open span has ended. Must not throw. */
  sink(segment: Segment): void;
  /** The share of traces that begin here and are recorded, 0 to 1. */
  readonly sampleRate?: number;
  readonly maxSpansPerSegment?: number;
  /** A segment that has been open for longer takes no more spans: what comes then is a segment of its own. */
  readonly maxSegmentAgeMs?: number;
}

/** What was left out because a segment or a span was full. */
export interface LeftOut {
  readonly spans: number;
  /** Tags, logs and refs. */
  readonly details: number;
  /** Not left out, but put into segments of their own, since the one they belong to had been open for too long. */
  readonly late: number;
}

/**
 * An event stream can be open for days. Nothing of a segment is seen, and all of it held in memory, until its last span
 * ends; five minutes is longer than nearly any request, and as long as most proxies let one take.
 */
const MAX_SEGMENT_AGE_MS = 5 * 60_000;

/**
 * Opens and ends spans; knows nothing of HTTP. A segment is what of one trace runs in one process; it goes to the sink
 * when its last open span ends. An open that answers `undefined` says: not traced (not sampled, paused, segment full);
 * the work then runs as it would without us. No method throws, whatever it is given, and a span that has ended takes
 * nothing more.
 */
export class Tracer {
  private readonly clock: Clock;
  private sampleRate: number;
  private maxSpans: number;
  private readonly maxAgeMs: number;
  private readonly propagation: Propagation;
  private isPaused = false;
  private spansLeftOut = 0;
  private lateSpans = 0;
  private detailsLeftOut = 0;

  constructor(private readonly options: TracerOptions) {
    this.clock = options.clock;
    this.sampleRate = options.sampleRate ?? 1;
    this.maxSpans = options.maxSpansPerSegment ?? 300;
    this.maxAgeMs = options.maxSegmentAgeMs ?? MAX_SEGMENT_AGE_MS;
    this.propagation = new Propagation(options);
  }

  /** For whoever asks at every segment: nearly always nothing is. */
  get hasLeftOut(): boolean {
    return this.spansLeftOut + this.detailsLeftOut + this.lateSpans > 0;
  }

  get leftOut(): LeftOut {
    return { spans: this.spansLeftOut, details: this.detailsLeftOut, late: this.lateSpans };
  }

  /** For traces that begin from now on. @param rate 0 to 1 */
  setSampleRate(rate: number): void {
    this.sampleRate = rate;
  }

  /** Spans a segment, from now on. */
  setSpanLimit(most: number): void {
    this.maxSpans = most;
  }

  /** From now on nothing is opened; what is open ends as usual. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /**
   * Work that somebody outside asked for. Always the first span of a segment, whatever the scope: a server that was
   * started within some span serves its requests in that scope, and they are not that span's.
   * @param headers of the request. With a carrier among them the trace goes on, by what its root has decided: recorded,
   *   whatever our own sample rate, or not.
   */
  openEntry(operationName: string, headers?: IncomingHeaders): Span | undefined {
    const origin = headers === undefined ? undefined : this.originOf(headers);
    const span = origin ? this.openJoined(operationName, origin) : this.openRoot(SpanType.entry, operationName);
    if (span) span.segment.entry = span;
    return span;
  }

  /** Work asked of somebody outside; with neither scope nor parent it is a trace of its own. @param peer `host:port` */
  openExit(operationName: string, peer: string, parent: Scope | undefined = context.getStore()): Span | undefined {
    const span = this.openChild(SpanType.exit, operationName, parent);
    if (span) span.peer = text(peer, LIMIT.name);
    return span;
  }

  openLocal(operationName: string, parent: Scope | undefined = context.getStore()): Span | undefined {
    return this.openChild(SpanType.local, operationName, parent);
  }

  /**
   * Calls `set` for each header that the request of this exit span has to carry, so that the trace goes on where it
   * arrives. Calls nothing while the backend does not know us: an incomplete header would be worse than none.
   */
  inject<T>(span: Span, into: T, set: (into: T, name: string, value: string) => void): void {
    try {
      this.propagation.inject(span, into, set);
    } catch {
      // A request that takes no more headers goes out as it is.
    }
  }

  /** An open span's name may change, a route is known later than the path, until it has been told to others. */
  rename(span: Span, operationName: string): void {
    if (span.endTime === 0 && !span.isNameSettled) span.operationName = text(operationName, LIMIT.name);
  }

  /** @param value anything; becomes a string */
  tag(span: Span, key: string, value: unknown): void {
    if (span.endTime !== 0) return;
    const tags = (span.tags ??= []);
    if (tags.length >= 2 * LIMIT.tags) this.detailsLeftOut++;
    else tags.push(text(key, LIMIT.key), text(value, LIMIT.value));
  }

  /** Something that happened now, as keys and values. */
  log(span: Span, data: Readonly<Record<string, unknown>>): void {
    if (span.endTime !== 0) return;
    const flat: string[] = [];
    try {
      for (const [key, value] of Object.entries(data).slice(0, LIMIT.entries)) {
        flat.push(text(key, LIMIT.key), text(value, LIMIT.value));
      }
    } catch {
      // A proxy or a getter of the application's threw: what was read before it is logged.
    }
    this.addLog(span, flat);
  }

  /** Marks the span as failed, with what was thrown as a log. */
  fail(span: Span, error: unknown): void {
    if (span.endTime !== 0) return;
    span.isError = true;
    this.addLog(span, errorLog(error));
  }

  /** Names one more place that asked for this span's work. */
  link(span: Span, ref: SegmentRef): void {
    if (span.endTime !== 0) return;
    const refs = (span.refs ??= []);
    if (refs.length >= LIMIT.refs) this.detailsLeftOut++;
    else refs.push(ref);
  }

  /** Twice is once. */
  end(span: Span): void {
    if (span.endTime !== 0) return;
    if (span.naming !== undefined) settleName(span);
    // The wall clock may have been set back meanwhile; nothing takes less than no time.
    span.endTime = Math.max(span.startTime, this.clock.now());
    const { segment } = span;
    // Most segments have one span, and a first `push` makes room for seventeen.
    if (segment.spans.length === 0) segment.spans = [span];
    else segment.spans.push(span);
    if (--segment.openSpans === 0) this.options.sink(segment);
  }

  /** Of the scope; `undefined` outside a trace. */
  currentTraceId(): string | undefined {
    const scope = context.getStore();
    return scope === undefined || scope === untraced ? undefined : scope.segment.traceId.toString();
  }

  /** What the trace carries along under this key; `undefined` outside a trace, too. */
  correlation(key: string): string | undefined {
    const scope = context.getStore();
    return scope === undefined || scope === untraced ? undefined : scope.segment.correlation?.get(key);
  }

  /**
   * Gives the trace something along, for every service that it reaches from here. An empty value takes it away.
   * @returns false outside a trace, and where it does not fit in: three pairs of 128 characters each
   */
  correlate(key: string, value: string): boolean {
    const scope = context.getStore();
    if (scope === undefined || scope === untraced) return false;
    const pairs = withPair(scope.segment.correlation, text(key, LIMIT.value), text(value, LIMIT.value));
    if (!pairs) return false;
    scope.segment.correlation = pairs;
    return true;
  }

  /**
   * A local span around `fn`, up to its return or, where that is a promise, up to its settling. Returns what `fn`
   * returns, rethrows what it throws. A thenable that is no promise (a query builder) is not asked to begin: its span
   * ends when it is returned.
   */
  trace<T>(operationName: string, fn: (span: TraceSpan) => T): T {
    const parent = context.getStore();
    const span = this.openLocal(operationName, parent);
    const handle = new TraceSpan(this, span);
    if (!span) return parent === undefined ? context.run(untraced, fn, handle) : fn(handle);
    let result: T;
    try {
      result = context.run(span, fn, handle);
    } catch (error) {
      this.endFailed(span, error);
      throw error;
    }
    if (types.isPromise(result)) {
      const end = () => this.end(span);
      return observe(result, end, (error) => this.endFailed(span, error)) as T;
    }
    this.end(span);
    return result;
  }

  private endFailed(span: Span, error: unknown): void {
    this.fail(span, error);
    this.end(span);
  }

  private originOf(headers: IncomingHeaders): Origin | undefined {
    try {
      return this.propagation.extract(headers);
    } catch {
      // Headers that the application made up: whatever it is, it is no carrier.
      return undefined;
    }
  }

  private openJoined(operationName: string, origin: Origin): Span | undefined {
    if (this.isPaused || !origin.isSampled) return undefined;
    const span = this.openFirst(SpanType.entry, operationName, origin.traceId);
    span.refs = [origin.ref];
    span.segment.correlation = origin.correlation;
    span.segment.skipsAnalysis = origin.skipsAnalysis;
    return span;
  }

  private openRoot(type: SpanType, operationName: string): Span | undefined {
    if (this.isPaused || (this.sampleRate < 1 && this.clock.random() >= this.sampleRate)) return undefined;
    return this.openFirst(type, operationName, undefined);
  }

  private openChild(type: SpanType, operationName: string, parent: Scope | undefined): Span | undefined {
    if (parent === undefined) return this.openRoot(type, operationName);
    if (parent === untraced || this.isPaused) return undefined;
    const { segment } = parent;
    const now = this.clock.now();
    // A timer or a late callback after everything had ended: the segment may be sent already.
    if (segment.openSpans === 0) return this.openRest(segment, type, operationName, now);
    if (now - segment.openedAt > this.maxAgeMs) {
      this.lateSpans++;
      return this.openRest(segment, type, operationName, now);
    }
    if (segment.nextSpanId >= this.maxSpans) {
      segment.isSizeLimited = true;
      this.spansLeftOut++;
      return undefined;
    }
    return this.open(segment, parent.spanId, type, operationName, now);
  }

  /**
   * The same trace goes on in a new segment; without a ref to the old one, since a v2 ref needs a network address and
   * endpoints, which work within one process does not have, and a ref that lacks them loses the whole segment.
   */
  private openRest(before: Segment, type: SpanType, operationName: string, now: number): Span {
    const span = this.openFirst(type, operationName, before.traceId, now);
    const { segment } = span;
    segment.entry = before.entry;
    segment.correlation = before.correlation;
    segment.skipsAnalysis = before.skipsAnalysis;
    return span;
  }

  /** @param traceId absent: a new one */
  private openFirst(type: SpanType, operationName: string, traceId: Id | undefined, now = this.clock.now()): Span {
    const { ids } = this.options;
    const segment = new Segment(traceId ?? ids.next(now), ids.next(now));
    segment.openedAt = now;
    segment.root = this.open(segment, -1, type, operationName, now);
    return segment.root;
  }

  private open(segment: Segment, parentSpanId: number, type: SpanType, operationName: string, now: number): Span {
    segment.openSpans++;
    return new Span(segment, segment.nextSpanId++, parentSpanId, type, text(operationName, LIMIT.name), now);
  }

  private addLog(span: Span, data: readonly string[]): void {
    const logs = (span.logs ??= []);
    if (logs.length >= LIMIT.logs) this.detailsLeftOut++;
    else logs.push({ time: this.clock.now(), data });
  }
}
