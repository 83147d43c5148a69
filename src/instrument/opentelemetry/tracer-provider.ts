import { copyOf } from '../../base/text';
import { anyMillis } from '../../base/time';
import { Layer, SpanType } from '../../model/components';
import { isKnownHeader, type KnownHeader } from '../../model/known-header';
import { type SegmentRef, Span } from '../../model/segment';
import { type Scope, Surroundings, untraced } from '../../tracing/context';
import {
  CARRIER_HEADERS,
  type IncomingHeaders,
  narrowed,
  readCarrier,
  sentAt,
} from '../../tracing/propagation/headers';
import { UnrecordedTrace } from '../../tracing/sampling/unrecorded-trace';
import { textIn } from '../conventions/attributes';
import { spanName } from '../conventions/remote-call';
import { type Context, type InstrumentationScope, type OtelSpanOptions, SPAN_KEY, SpanKind } from './api-types';
import type { Contexts } from './contexts';
import { headersIn, remoteSpanContext } from './span-context';
import { isRouteHandler, treatmentOf } from './span-source';
import {
  type ApiSpan,
  nameByRoute,
  PassiveSpan,
  RecordedSpan,
  RemoteSpan,
  scopeIn,
  spanContextIn,
  type SpanEnvironment,
  TransparentSpan,
} from './spans';

type Work = (this: unknown, ...args: unknown[]) => unknown;

/** Opens spans for one instrumentation, or for the application. */
class BridgeTracer {
  constructor(
    private readonly environment: SpanEnvironment,
    private readonly contexts: Contexts,
    readonly instrumentationScope: InstrumentationScope,
  ) {}

  startSpan(name: unknown, options: OtelSpanOptions = {}, given?: Context): ApiSpan {
    try {
      return this.open(spanName(name), options, given ?? this.contexts.active());
    } catch (error) {
      this.environment.complain(error);
      return new PassiveSpan(undefined);
    }
  }

  startActiveSpan(name: unknown, ...rest: unknown[]): unknown {
    const work = rest.pop() as Work | undefined;
    // As in the API itself.
    if (work === undefined) return undefined;
    const [options, given] = rest as [OtelSpanOptions?, Context?];
    const context = given === undefined ? this.contexts.active() : this.contexts.own(given);
    const span = this.startSpan(name, options, context);
    return this.contexts.with(context.setValue(SPAN_KEY, span), work, undefined, span);
  }

  /** For Prisma before version 6, which makes spans of the SDK's class, and these ask. */
  getSpanLimits(): Readonly<Record<string, number>> {
    return { attributeCountLimit: 128, attributeValueLengthLimit: Infinity, linkCountLimit: 128, eventCountLimit: 128 };
  }

  getActiveSpanProcessor(): Readonly<Record<string, () => void>> {
    return { onStart: () => undefined, onEnding: () => undefined, onEnd: () => undefined };
  }

  private open(name: string, options: OtelSpanOptions, context: Context): ApiSpan {
    const isRoot = options.root === true;
    const { tracer } = this.environment;
    const within = isRoot ? undefined : scopeIn(context);
    const scope = within instanceof Span ? within : undefined;
    if (within !== undefined && !scope && !tracer.isOld(within)) return new PassiveSpan(within);
    const headers = isRoot || scope ? undefined : headersIn(spanContextIn(context.getValue(SPAN_KEY)));
    const { attributes = {} } = options;
    const treatment = treatmentOf(
      this.instrumentationScope,
      name,
      options,
      scope === undefined,
      this.environment.tracedByUs,
    );
    const route = scope && attributes['http.route'];
    if (scope && route !== undefined && isRouteHandler(attributes)) nameByRoute(tracer, scope, route);
    if (treatment === 'transparent') return new TransparentSpan(within);
    if (scope && isRequest(scope, options)) return this.contexts.borrowed(scope);
    const batch = scope && this.batchOf(scope, options);
    if (batch) return batch;
    const parent = headers && tracer.parentIn(headers);
    if (parent === untraced || parent?.isSampled === false)
      return new PassiveSpan(tracer.unrecorded(name, headers).narrow());
    // Whatever another process asked for is an entry, unless it goes on to a third at once.
    const type = headers && treatment === SpanType.local ? SpanType.entry : treatment;
    const span = this.openSpan(type, name, within, headers, options);
    // A trace of its own within a request whose caller is not believed.
    if (span && !scope) span.segment.carrier ??= tracer.foreignFor(undefined);
    if (span && headers && type === SpanType.exit) tracer.join(span, headers);
    return span
      ? this.recorded(span, options, headers)
      : new PassiveSpan(tracer.unrecordedAnew(name, within) ?? scope ?? tracer.unrecorded(name, headers).narrow());
  }

  private openSpan(
    type: SpanType,
    given: string,
    scope: Scope | undefined,
    headers: IncomingHeaders | undefined,
    options: OtelSpanOptions,
  ): Span | undefined {
    const { environment } = this;
    const { tracer } = environment;
    const name = environment.admitName(given, this.instrumentationScope);
    const own = { startTime: anyMillis(options.startTime), isPromised: true };
    switch (type) {
      case SpanType.entry:
        return tracer.openEntry(name, headers, true, own);
      case SpanType.exit:
        return tracer.openExit(name, '', scope ?? null, own);
      default:
        return tracer.openLocal(name, scope ?? null, own);
    }
  }

  private recorded(span: Span, options: OtelSpanOptions, headers: IncomingHeaders | undefined): RecordedSpan {
    const { environment } = this;
    const recorded = new RecordedSpan(span, environment, this.instrumentationScope, options.kind ?? SpanKind.internal);
    try {
      if (options.attributes) recorded.setAttributes(options.attributes);
      if (options.links) recorded.addLinks(options.links);
      if (span.type === SpanType.entry) recorded.describe();
    } catch (error) {
      environment.complain(error);
    }
    const sent = headers && sentAt(headers);
    if (span.type === SpanType.entry && span.layer === Layer.mq && sent !== undefined)
      environment.tracer.details.tag(span, 'transmission.latency', Math.max(0, span.startTime - sent));
    return recorded;
  }

  /**
   * A message of a batch that one span receives: each names its sender there, and a thousand of them do not fill a segment.
   */
  private batchOf(scope: Span, { kind, links, attributes = {} }: OtelSpanOptions): ApiSpan | undefined {
    if (kind !== SpanKind.consumer || scope.type !== SpanType.entry || scope.layer !== Layer.mq) return undefined;
    if (textIn(attributes, 'messaging.system') === '') return undefined;
    for (const { context } of links ?? []) {
      const headers = headersIn(context);
      if (headers) this.environment.tracer.join(scope, headers);
    }
    return new TransparentSpan(scope);
  }
}

/** The span that Next.js has for a request, where ours is right above it. */
function isRequest(scope: Span, { kind, attributes = {} }: OtelSpanOptions): boolean {
  const isEntry = scope.type === SpanType.entry && scope.layer === Layer.http;
  return isEntry && kind === SpanKind.server && textIn(attributes, 'http.request.method', 'http.method') !== '';
}

/** Whether this is what the request came from that is being answered. */
function hasCaller(scope: Scope | undefined, { parentSegmentId, parentSpanId }: SegmentRef): boolean {
  const entry = scope instanceof Span ? scope.segment.entry : undefined;
  if (entry?.layer !== Layer.http || entry.endTime !== 0) return false;
  const id = String(parentSegmentId);
  return entry.refs?.some((ref) => ref.parentSpanId === parentSpanId && String(ref.parentSegmentId) === id) === true;
}

/** Whether a carrier came with the request that this work was begun in, and its caller is not believed. */
function isForeign(carrier: KnownHeader, context: Context): boolean {
  const foreign = context instanceof Surroundings ? context.foreign : undefined;
  return foreign !== undefined && foreign.pairs.some(([, came]) => came !== null && isKnownHeader(carrier, came));
}

export class TracerProvider {
  private readonly tracers = new Map<string, BridgeTracer>();

  constructor(
    private readonly environment: SpanEnvironment,
    private readonly contexts: Contexts,
  ) {}

  getTracer(name?: unknown, version?: unknown): BridgeTracer {
    const key = `${typeof name === 'string' ? name : ''}@${typeof version === 'string' ? version : ''}`;
    const known = this.tracers.get(key);
    if (known) return known;
    const tracer = new BridgeTracer(this.environment, this.contexts, {
      name: typeof name === 'string' ? copyOf(name) : '',
      version: typeof version === 'string' ? copyOf(version) : undefined,
    });
    // Names are few; where an application makes them up, it gets them all the same.
    if (this.tracers.size < MAX_TRACERS) this.tracers.set(copyOf(key), tracer);
    return tracer;
  }

  /** As the API's own provider has it; code that looks for the SDK asks. */
  getDelegate(): this {
    return this;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const MAX_TRACERS = 1_000;

interface TextMapGetter {
  get(carrier: unknown, key: string): unknown;
}

interface TextMapSetter {
  set(carrier: unknown, key: string, value: string): void;
}

/** Carries our headers wherever an instrumentation carries OpenTelemetry's: messages, metadata of gRPC. */
export class GlobalPropagator {
  constructor(private readonly environment: SpanEnvironment) {}

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      const recorded = context.getValue(SPAN_KEY);
      if (!(recorded instanceof RecordedSpan) || recorded.scope !== scopeIn(context)) return;
      const description = recorded.span.type === SpanType.exit ? recorded.describe() : undefined;
      // No glob of a host says whether what it reaches may have them.
      if (description?.isPlaceUnknown === true && !this.environment.tracer.reachesAll) return;
      this.environment.tracer.inject(recorded.span, carrier, (into, name, value) => setter.set(into, name, value));
    } catch (error) {
      this.environment.complain(error);
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      if (this.isDecided(scopeIn(context))) return context;
      const headers = narrowed(readCarrier({ get: (name) => getter.get(carrier, name) }));
      const parent = this.environment.tracer.parentIn(headers);
      // The request may be over, or its work go on in a trace of its own.
      if (parent && isForeign(parent === untraced ? '' : parent.carrier, context)) return context;
      if (parent === undefined || parent === untraced)
        return parent ? context.setValue(SPAN_KEY, new PassiveSpan(untraced)) : context;
      const { ref, traceId } = parent;
      // A framework reads the headers of its request: that is the work which our entry is already.
      if (hasCaller(scopeIn(context), ref)) return context;
      const own = remoteSpanContext(headers, traceId, ref.parentSegmentId, ref.parentSpanId);
      return context.setValue(SPAN_KEY, new RemoteSpan(own));
    } catch (error) {
      this.environment.complain(error);
      return context;
    }
  }

  /**
   * A framework reads the headers of its request once more, while that is being answered. What they say, and whether it
   * counts, is decided: otherwise a caller whom `trustIncoming` leaves out would be believed, and a path that is ignored
   * or a trace that is not sampled be recorded.
   */
  private isDecided(scope: Scope | undefined): boolean {
    if (scope instanceof UnrecordedTrace) return scope.method !== '' && !scope.isOver;
    if (this.environment.believesAll || !(scope instanceof Span)) return false;
    const { entry } = scope.segment;
    return entry?.layer === Layer.http && entry.endTime === 0;
  }

  fields(): string[] {
    return [...CARRIER_HEADERS];
  }
}
