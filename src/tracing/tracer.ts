import { types } from 'node:util';
import type { TraceSpan } from '../api/agent';
import type { KeepOptions, SamplingRule } from '../api/options';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { truncate } from '../base/text';
import { wholeMillis } from '../base/time';
import { Layer, SpanType } from '../model/components';
import type { ForeignHeaders } from '../model/foreign-headers';
import type { NumericId } from '../model/ids';
import { LIMITS } from '../model/limits';
import { freezeName, type Segment, Span } from '../model/segment';
import { context, foreignNow, type Scope, scopeOfException, untraced } from './context';
import { exceptionFilter } from './error-log';
import { LingeringSegments } from './lingering-segments';
import { SpanHandle } from './manual/span-handle';
import { observePromise } from './observe-promise';
import { ownPairs } from './propagation/correlation';
import { foreignAmong, type HeaderRemover, type HeaderSetter, type IncomingHeaders } from './propagation/headers';
import { Propagation, type PropagationOptions } from './propagation/propagation';
import type { RemoteParent } from './propagation/propagator';
import { Sampler } from './sampling/sampler';
import { type Remnant, type TraceOrigin, type UnrecordedExit, UnrecordedTrace } from './sampling/unrecorded-trace';
import { UnsampledSegments } from './sampling/unsampled-segments';
import {
  MAX_SEGMENT_AGE_MS,
  SpanFactory,
  type SpanFactoryOptions,
  SpanLimitCounters,
  SpanLimitLog,
} from './span-factory';
import { SpanRecorder } from './span-recorder';
import { SPANS_AT_A_TIME } from './waiting-texts';

/**
 * Fewer spans hold little of large texts: one piece each of what a request brings. To watch each segment with a call would
 * cost every call.
 */
const MANY_SPANS = 8;

export interface TracerOptions extends PropagationOptions, SpanFactoryOptions {
  /** Takes each segment when its last open span has ended. Must not throw. */
  sink(segment: Segment): void;
  /** Gets to know what had no room in a segment or a span. */
  readonly log?: Log;
  /** The share of traces that begin here and are recorded, 0 to 1. */
  readonly sampleRate?: number;
  /** Go before it for the paths that they match. */
  readonly sampling?: readonly SamplingRule[];
  /** Which segments of traces that are not sampled reach the sink all the same; absent: none, and they are not recorded. */
  readonly keep?: KeepOptions | undefined;
  /** Segments wait for spans that may never end: before the process does, `sendLingering` is to be called. */
  onLingering?(): void;
  /** Names of exceptions that fail no span. */
  readonly ignoredExceptions?: readonly string[];
}

/** What a span is opened with where that is not the same for all. */
export interface SpanOptions {
  /** Milliseconds since 1970, for work that began earlier. Default: now; likewise for a number that is no such time. */
  readonly startTime?: number | undefined;
  /** Code that is not ours has to end it, and may forget to: its segment does not wait for it for ever. Default: false. */
  readonly isPromised?: boolean;
}

/**
 * Opens and ends spans; knows nothing of HTTP. A segment is what of one trace runs in one process; it goes to the sink
 * when its last open span ends. An opener that returns `undefined` says: not traced (not sampled, paused, segment full);
 * the work then runs as it would without us. No method throws, whatever it is given.
 */
export class Tracer {
  /** Takes tags, logs and errors of open spans. */
  readonly details: SpanRecorder;
  /** Counts over all segments; always the same object. */
  readonly leftOut: Readonly<SpanLimitCounters>;
  private readonly clock: Clock;
  private readonly factory: SpanFactory;
  private readonly propagation: Propagation;
  private readonly limitLog: SpanLimitLog | undefined;
  private readonly lingering: LingeringSegments;
  private readonly cluster: string | undefined;
  private readonly sampler: Sampler;
  private readonly unsampled: UnsampledSegments | undefined;
  private readonly counters = new SpanLimitCounters();
  private isPaused = false;

  constructor(private readonly options: TracerOptions) {
    this.clock = options.clock;
    this.cluster = options.cluster;
    this.sampler = new Sampler(options.clock, options.sampling);
    this.sampler.setRate(options.sampleRate ?? 1);
    this.unsampled = options.keep && new UnsampledSegments(options.clock, options.keep, options.sink.bind(options));
    this.leftOut = this.counters;
    const { ignoredExceptions = [] } = options;
    const isIgnored = ignoredExceptions.length > 0 ? exceptionFilter(ignoredExceptions) : undefined;
    this.details = new SpanRecorder(options.clock, this.counters, isIgnored);
    this.factory = new SpanFactory(options, this.counters);
    this.propagation = new Propagation(options);
    this.limitLog = options.log && new SpanLimitLog(options.log);
    this.lingering = new LingeringSegments({
      clock: options.clock,
      maxSegmentAgeMs: options.maxSegmentAgeMs ?? MAX_SEGMENT_AGE_MS,
      endRoot: (root) => this.endUnfinished(root),
      send: (segment) => this.send(segment),
      ...(options.onLingering && { onWaiting: options.onLingering.bind(options) }),
    });
  }

  /** For traces that begin from now on. @param rate 0 to 1 */
  setSampleRate(rate: number): void {
    this.sampler.setRate(rate);
  }

  /** For traces that begin from now on. @param most in three seconds; 0: no limit */
  setTracesPer3Seconds(most: number): void {
    this.sampler.setPer3Seconds(most);
  }

  /** Spans a segment, from now on. */
  setSpanLimit(most: number): void {
    this.factory.maxSpans = most;
  }

  /** From now on nothing is opened; what is open ends as usual. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /**
   * Work that another process asked for. Always the first span of a segment, whatever the scope: a server that was
   * started within some span serves its requests in that scope, and they are not that span's.
   * @param headers of the request. With a carrier among them the trace goes on, by what its root has decided: recorded,
   *   whatever our own sample rate, or not.
   * @param isTrusted whether the caller is believed; if not, a carrier counts as absent, and goes no further
   */
  openEntry(
    operationName: string,
    headers?: IncomingHeaders,
    isTrusted = true,
    options?: SpanOptions,
  ): Span | undefined {
    const parent = headers === undefined || !isTrusted ? undefined : this.parentIn(headers);
    if (parent === untraced) return undefined;
    const span = parent
      ? this.openJoined(operationName, parent, options)
      : this.openRoot(SpanType.entry, operationName, options);
    if (!span) return undefined;
    span.segment.entry = span;
    if (headers !== undefined && !isTrusted) span.segment.carrier = foreignOf(headers);
    return span;
  }

  /**
   * The scope of work that another process asked for and that is not recorded: it was ignored, or {@link openEntry}
   * returned nothing. The trace has an id all the same, the caller's where it sent one.
   */
  unrecorded(operationName: string, headers?: IncomingHeaders, isTrusted = true): UnrecordedTrace {
    let own: IncomingHeaders | ForeignHeaders | undefined = headers;
    // What has no caller of its own may be begun within a request whose caller is not believed.
    if (headers === undefined) own = foreignNow();
    else if (!isTrusted) own = foreignOf(headers);
    return this.unrecordedFrom(operationName, own);
  }

  /**
   * Whether it is the scope of work that goes on for long, such as a loop. What the request's caller, or its path, decided
   * does not bind that for ever: what comes is a trace of its own. A request of HTTP that is not recorded is bound as long
   * as it is being answered; of everything else, nothing tells whether it is over.
   * @param now milliseconds since 1970
   */
  isOld(scope: Scope | null | undefined, now?: number): scope is Span | UnrecordedTrace {
    if (scope instanceof Span) return this.factory.isOld(scope.segment, now);
    if (!(scope instanceof UnrecordedTrace)) return false;
    return (scope.isOver || scope.method === '') && this.factory.isOld(scope, now);
  }

  /** The scope of work that is not recorded either, where that of now is old; `undefined`: it is not. */
  unrecordedAnew(operationName: string, scope: Scope | undefined): UnrecordedTrace | undefined {
    if (!this.isOld(scope)) return undefined;
    const trace = this.unrecordedFrom(operationName, undefined);
    trace.goOnWith(remnantOf(scope));
    return trace;
  }

  /**
   * A call for which {@link openExit} returned nothing, where its headers are to say that the trace is not recorded.
   * `undefined`: the call is part of no such trace.
   */
  unrecordedExit(
    operationName: string,
    peer: string,
    parent: Scope | undefined = context.getStore(),
  ): UnrecordedExit | undefined {
    const trace = this.unrecordedAnew(operationName, parent) ?? parent ?? this.unrecorded(operationName);
    if (!(trace instanceof UnrecordedTrace) || !trace.isPropagated) return undefined;
    return { trace, peer: this.peerOf(peer) };
  }

  /**
   * Work asked of another process; with neither scope nor parent it is a trace of its own.
   * @param peer `host:port`
   * @param parent absent: the scope of now; null: none
   */
  openExit(
    operationName: string,
    peer: string,
    parent: Scope | null | undefined = context.getStore(),
    options?: SpanOptions,
  ): Span | undefined {
    const span = this.openChild(SpanType.exit, operationName, parent, options);
    if (!span) return undefined;
    this.setPeer(span, peer);
    if (span.segment.promised !== undefined) demoteOuterExit(span, span.segment.promised);
    return span;
  }

  /** Where an exit goes to, if that is known later than the call. @param peer `host:port` */
  setPeer(span: Span, peer: string): void {
    if (span.type === SpanType.exit && span.endTime === 0) span.peer = peer === '' ? '' : this.peerOf(peer);
  }

  /** Milliseconds since 1970, as spans count. */
  now(): number {
    return this.clock.now();
  }

  openLocal(
    operationName: string,
    parent: Scope | null | undefined = context.getStore(),
    options?: SpanOptions,
  ): Span | undefined {
    return this.openChild(SpanType.local, operationName, parent, options);
  }

  /** The place that asked, as the headers name it; `untraced` where they say that nothing is to be traced. */
  parentIn(headers: IncomingHeaders): RemoteParent | typeof untraced | undefined {
    try {
      return this.propagation.extract(headers);
    } catch {
      // Headers that the application made up hold no carrier.
      return undefined;
    }
  }

  /**
   * Adds one more place that asked for the work of an entry span, such as each message of a batch. The first of them gives
   * the trace, where the span has begun one of its own.
   * @returns false: there is no carrier, or it is not recorded
   */
  join(entry: Span, headers: IncomingHeaders): boolean {
    const parent = this.parentIn(headers);
    const { segment } = entry;
    if (parent === undefined || parent === untraced || !parent.isSampled || entry.endTime !== 0) return false;
    if (entry.refs === undefined && segment.root === entry) {
      segment.traceId = parent.traceId;
      segment.correlation ??= parent.correlation;
    }
    this.details.link(entry, parent.ref);
    return true;
  }

  /** Whether calls to every host carry headers. */
  get reachesAll(): boolean {
    return this.propagation.reachesAll;
  }

  /**
   * Calls `set` for each header that the request of this exit span has to carry, so that the trace goes on where it
   * arrives. Calls nothing while there is nothing true to say of us: an incomplete header would be worse than none.
   * @param name `host:port` with the host's name, where the peer has its address: both have to be allowed headers
   */
  inject<T>(span: Span, into: T, set: HeaderSetter<T>, name?: string): void {
    try {
      this.propagation.inject(span, into, set, name);
    } catch {
      // A request that takes no more headers goes out as it is.
    }
  }

  /** Likewise for a call without a span. */
  injectUnrecorded<T>(exit: UnrecordedExit, into: T, set: HeaderSetter<T>, name?: string): void {
    try {
      this.propagation.injectUnrecorded(exit, into, set, name);
    } catch {
      // As above.
    }
  }

  /**
   * What a call must not hand on of its caller's headers, whether it is traced or not: they are of a caller who is not
   * believed. To be asked where the call is made. `undefined`: nothing, as nearly always.
   */
  foreignFor(span: Span | undefined, exit?: UnrecordedExit): ForeignHeaders | undefined {
    return span?.segment.foreign ?? exit?.trace.foreign ?? foreignNow();
  }

  /** Takes these out of a request, before {@link inject}. */
  removeForeign<T>({ pairs }: ForeignHeaders, from: T, remove: HeaderRemover<T>): void {
    try {
      for (const [name, came] of pairs) remove(from, name, came);
    } catch {
      // As above.
    }
  }

  /** What an unrecorded trace has of its caller. */
  originOf(headers: IncomingHeaders | undefined): TraceOrigin {
    const parent = headers && this.parentIn(headers);
    if (parent === undefined || parent === untraced)
      return { traceId: this.nextId(), carrier: undefined, correlation: undefined };
    const { traceId, carrier, correlation } = parent;
    return { traceId, carrier, correlation };
  }

  nextId(): NumericId {
    return this.options.ids.next();
  }

  /** An open span's name may change, a route is known later than the path, until it has been told to others. */
  rename(span: Span, operationName: string): void {
    if (span.endTime === 0 && !span.isNameFrozen) span.operationName = truncate(operationName, LIMITS.name);
  }

  /**
   * Ends the span. The first call counts.
   * @param endTime milliseconds since 1970; absent, or no such time: now
   */
  end(span: Span, endTime?: number): void {
    if (span.endTime !== 0) return;
    // Its segment has gone without it.
    if (span.segment.openSpans === 0) this.factory.detach(span);
    this.close(span, endTime);
    const { segment } = span;
    segment.add(span);
    segment.openSpans--;
    if (segment.promised !== undefined) remove(segment.promised, span);
    if (segment.openSpans === 0) this.send(segment);
    else this.leaveOpen(segment, span);
  }

  /** A span of it has ended, and others are open. */
  private leaveOpen(segment: Segment, { endTime }: Span): void {
    const { root, promised, openSpans, spans } = segment;
    if (root?.endTime !== 0 || promised?.length === openSpans) this.lingering.add(segment);
    if (segment.isLasting(endTime)) segment.ownTexts(SPANS_AT_A_TIME);
    else if (spans.length === MANY_SPANS) this.lingering.watch(segment);
  }

  /** Segments that wait for spans which may never end are sent without them. */
  sendLingering(): void {
    this.lingering.sendAll();
  }

  /**
   * A local span around `fn`, up to its return or, where that is a promise, up to its settling. Returns what `fn`
   * returns, rethrows what it throws. A thenable that is no promise (a query builder) is not asked to begin: its span
   * ends when it is returned.
   */
  trace<T>(operationName: string, fn: (span: TraceSpan) => T): T {
    const parent = context.getStore();
    const span = this.openLocal(operationName, parent);
    if (!span) return this.runUnrecorded(operationName, parent, fn);
    return this.runIn(span, fn, new SpanHandle(this.details, span));
  }

  /** Runs `fn` where {@link openLocal} or {@link openExit} returned nothing: in the scope that is there, or in one of its own. */
  runUnrecorded<A extends unknown[], T>(
    operationName: string,
    parent: Scope | undefined,
    fn: (span: TraceSpan, ...args: A) => T,
    ...args: A
  ): T {
    const anew = this.unrecordedAnew(operationName, parent);
    const scope = anew ?? parent ?? this.unrecorded(operationName);
    const trace = scope === untraced ? undefined : scope instanceof Span ? scope.segment : scope;
    const handle = new SpanHandle(this.details, undefined, trace);
    return scope === parent ? fn(handle, ...args) : context.run(context.within(scope), fn, handle, ...args);
  }

  /**
   * Runs `fn` in the scope of this open span, which ends when `fn` returns or, where that is a promise, when it settles.
   * Returns what `fn` returns, rethrows what it throws.
   */
  runIn<A extends unknown[], T>(span: Span, fn: (...args: A) => T, ...args: A): T {
    let result: T;
    try {
      result = context.run(context.within(span), fn, ...args);
    } catch (error) {
      this.endFailed(span, error);
      throw error;
    }
    if (types.isPromise(result)) {
      const end = () => this.end(span);
      return observePromise(result, end, (error) => this.endFailed(span, error)) as T;
    }
    this.end(span);
    return result;
  }

  /**
   * An exception that nothing catches: it fails the span that is active, or one of its own where that has ended already.
   * @param isLast the process ends of it, and what of the segment is open would not be sent
   */
  failActive(error: unknown, isLast: boolean): void {
    const scope = scopeOfException();
    if (!(scope instanceof Span)) return;
    const span = scope.endTime === 0 ? scope : this.openLocal('uncaughtException', scope);
    if (!span) return;
    this.details.fail(span, error);
    if (isLast || span !== scope) this.end(span);
    if (isLast) this.sendUnfinished(span.segment);
  }

  /** The segment as it is, with its request, but without other spans that are open. */
  private sendUnfinished(segment: Segment): void {
    for (const span of [segment.entry, segment.root]) if (span?.segment === segment) this.end(span);
    if (segment.openSpans === 0) return;
    segment.openSpans = 0;
    this.send(segment);
  }

  /** Where layers are guarded, whoever has set them. */
  private close(span: Span, endTime: number | undefined): void {
    if (span.naming !== undefined) freezeName(span);
    const now = this.clock.now();
    // The wall clock may have been set back meanwhile; no span takes less than no time.
    span.endTime = Math.max(span.startTime, endTime === undefined ? now : wholeMillis(endTime, now));
    // A backend takes the empty peer of a database, a cache or a queue for a service without a name (OAP 10.1).
    if (span.peer === '' && span.type !== SpanType.entry) span.layer = Layer.unknown;
  }

  private endUnfinished(root: Span): void {
    this.details.tag(root, 'unfinished', true);
    this.close(root, undefined);
  }

  private send(segment: Segment): void {
    if (segment.isLingering) this.lingering.remove(segment);
    if (segment.isSampled || this.unsampled === undefined) this.options.sink(segment);
    else this.unsampled.add(segment);
    this.limitLog?.report(this.leftOut);
  }

  private peerOf(peer: string): string {
    return truncate(this.cluster === undefined ? peer : `${this.cluster}/${peer}`, LIMITS.name);
  }

  private endFailed(span: Span, error: unknown): void {
    this.details.fail(span, error);
    this.end(span);
  }

  private unrecordedFrom(name: string, headers: IncomingHeaders | ForeignHeaders | undefined): UnrecordedTrace {
    return new UnrecordedTrace(this, truncate(name, LIMITS.name), headers, !this.isPaused, this.clock.now());
  }

  private openJoined(operationName: string, parent: RemoteParent, options?: SpanOptions): Span | undefined {
    if (this.isPaused || (!parent.isSampled && this.unsampled === undefined)) return undefined;
    const span = this.factory.startRoot(SpanType.entry, operationName, parent.traceId, options?.startTime);
    if (options?.isPromised === true) promise(span);
    span.refs = [parent.ref];
    span.segment.carrier = parent.carrier;
    span.segment.correlation = parent.correlation;
    span.segment.skipsAnalysis = parent.skipsAnalysis;
    span.segment.isSampled = parent.isSampled;
    return span;
  }

  private openRoot(type: SpanType, operationName: string, options?: SpanOptions): Span | undefined {
    if (this.isPaused) return undefined;
    const isSampled = this.sampler.isOff || this.sampler.isSampled(operationName);
    if (!isSampled && this.unsampled === undefined) return undefined;
    const span = this.factory.startRoot(type, operationName, undefined, options?.startTime);
    span.segment.isSampled = isSampled;
    if (options?.isPromised === true) promise(span);
    return span;
  }

  private openChild(
    type: SpanType,
    operationName: string,
    parent: Scope | null | undefined,
    options: SpanOptions | undefined,
  ): Span | undefined {
    if (parent === undefined || parent === null) return this.openRoot(type, operationName, options);
    if (!(parent instanceof Span)) {
      return this.isOld(parent) ? this.openAnew(type, operationName, parent, options) : undefined;
    }
    const now = this.clock.now();
    if (this.isOld(parent, now)) return this.openAnew(type, operationName, parent, options);
    if (this.isPaused) return undefined;
    const span = this.factory.startChild(type, operationName, parent, options?.startTime, now);
    if (span && options?.isPromised === true) promise(span);
    return span;
  }

  private openAnew(
    type: SpanType,
    operationName: string,
    before: Span | UnrecordedTrace,
    options: SpanOptions | undefined,
  ): Span | undefined {
    const root = this.openRoot(type, operationName, options);
    if (!root) return undefined;
    const { foreign, carrier, correlation } = remnantOf(before);
    root.segment.carrier = foreign ?? carrier;
    root.segment.correlation = correlation;
    if (before instanceof Span && (before.endTime === 0 || before.segment.openSpans > 0)) this.counters.splitSegments++;
    return root;
  }
}

function remnantOf(scope: Span | UnrecordedTrace): Remnant {
  if (scope instanceof UnrecordedTrace) {
    const { foreign, carrier, ownCorrelation } = scope;
    return { foreign, carrier, correlation: ownPairs(ownCorrelation) };
  }
  const { foreign, forwarded, correlation } = scope.segment;
  return { foreign, carrier: forwarded, correlation: ownPairs(correlation) };
}

function foreignOf(headers: IncomingHeaders): ForeignHeaders | undefined {
  try {
    return foreignAmong(headers);
  } catch {
    // Headers that the application made up.
    return undefined;
  }
}

function promise(span: Span): void {
  (span.segment.promised ??= []).push(span);
}

function remove(promised: Span[], span: Span): void {
  const at = promised.lastIndexOf(span);
  if (at !== -1 && at === promised.length - 1) promised.pop();
  else if (at !== -1) promised.splice(at, 1);
}

/**
 * Where exits are within exits, as where a cloud's client calls by HTTP, the innermost is what leaves the process. A backend
 * that saw both would count the call twice, and draw two edges.
 */
function demoteOuterExit({ parentSpanId }: Span, promised: readonly Span[]): void {
  let aboveId = parentSpanId;
  // What is above was opened before.
  for (let at = promised.length - 1; at >= 0; at--) {
    const above = promised[at] as Span;
    if (above.spanId !== aboveId) continue;
    aboveId = above.parentSpanId;
    if (above.type !== SpanType.exit) continue;
    above.type = SpanType.local;
    above.layer = Layer.unknown;
    above.peer = '';
    return;
  }
}
