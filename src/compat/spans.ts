import { runningTracer } from '../agent/place';
import { systemClock } from '../base/clock';
import { define } from '../base/define';
import { SpanType, type Layer } from '../model/components';
import { CompactId } from '../model/ids';
import { LIMITS } from '../model/limits';
import { Segment, Span as TracerSpan, type SegmentRef } from '../model/segment';
import { copyOf, truncate } from '../base/text';
import { context, storage, untraced, type Scope, type Surroundings } from '../tracing/context';
import { currentTrace } from '../tracing/current-trace';
import type { UnrecordedTrace } from '../tracing/sampling/unrecorded-trace';
import { SpanLimitCounters } from '../tracing/span-factory';
import { SpanRecorder } from '../tracing/span-recorder';
import type { Tracer } from '../tracing/tracer';
import { ContextCarrier, headersOf, hide, ID, isOne, OWN, type CarrierItem } from './carrier';
import { Component, SpanLayer, Tag } from './names';

/** What is shown where the called side, or the work, was not named. */
const NO_NAME = 'unknown';
const MAX_LAYER = SpanLayer.CACHE;
/** The component of a request, as we call it. */
const HTTP_SERVER = 4001;

/** A line of a span's log. */
interface LogLine {
  readonly timestamp: number;
  readonly items: readonly { readonly key: string; readonly val: string }[];
}

/** The place in another process that asked for a span's work. What a `sw6` header says by numbers is left out. */
interface SpanRef {
  readonly refType: 'CrossProcess' | 'CrossThread';
  readonly traceId: ID;
  readonly segmentId: ID;
  readonly spanId: number;
  readonly service?: string;
  readonly serviceInstance?: string;
  readonly endpoint?: string;
  readonly clientAddress?: string;
}

/** What a span is made of. */
interface SpanParts {
  readonly context: SpanContext;
  readonly type: SpanType;
  readonly operation: unknown;
  readonly component?: unknown;
  readonly carrier?: unknown;
}

/** What is reported of a span. */
type Notes = Pick<TracerSpan, 'tags' | 'logs' | 'refs'>;

/** What is ours of a span. */
interface SpanState {
  context: SpanContext;
  /** Before the start, and where nothing is recorded, one that is never sent. */
  span: TracerSpan;
  tracer?: Tracer | undefined;
  scope?: Scope | undefined;
  parent?: Scope | undefined;
  /** What `stop()` and `async()` go back to. */
  surroundings?: Scope | Surroundings | undefined;
  /** An instrumentation ends its own by itself. */
  isOwn: boolean;
  readonly carriers: ContextCarrier[];
  peer?: string | undefined;
  component?: Component | undefined;
  lastError: unknown;
  /** What had been noted when it was stopped: that can still be read. */
  last?: Notes;
}

interface ContextState {
  /** Where its first span ran. */
  scope: Segment | UnrecordedTrace | undefined;
}

/** A scope that has spans of its own, or would have. */
type Work = TracerSpan | UnrecordedTrace;

const NO_ID = new CompactId(0, 0, 0, 0);
/** That of spans which are not recorded, or not yet. */
const NO_SEGMENT = new Segment(NO_ID, NO_ID);
/** Without an agent, spans are what they are all the same, and nothing comes of them. */
const unsent = new SpanRecorder(systemClock, new SpanLimitCounters());

/** One for each scope, so that what is found once is found again. */
const spans = new WeakMap<Work, Span>();
const contexts = new WeakMap<Segment | UnrecordedTrace, SpanContext>();

/**
 * A span that is started and stopped by hand. Its scope is what runs after `start()`, up to `stop()` or `async()`, and
 * everything that was begun meanwhile. Or one that an instrumentation has made and will end.
 */
export class Span {
  /** An exit span of this library, made within this one, is this one. */
  inherit: Component | undefined;
  /** How often it was started and not yet stopped. */
  depth = 0;
  isCold = false;
  declare readonly [OWN]: SpanState;

  constructor({ context: owner, type, operation, component, carrier }: SpanParts) {
    const span = unrecordedSpan(type, textOf(operation) || NO_NAME, 0);
    hide(this, { context: owner, span, isOwn: true, carriers: [], lastError: null } satisfies SpanState);
    if (component !== undefined) this.component = component as Component;
    this.extract(carrier as ContextCarrier);
  }

  /** That of a scope which is active; always the same object. */
  static of(scope: Work): Span {
    const known = spans.get(scope);
    if (known) return known;
    const span = new Span({ context: SpanContext.of(scope), type: scope.type, operation: scope.operationName });
    const own = span[OWN];
    own.isOwn = false;
    span.depth = 1;
    own.tracer = runningTracer();
    own.scope = scope;
    own.span = scope instanceof TracerSpan ? scope : requestOf(scope);
    spans.set(scope, span);
    return span;
  }

  /** The one that it is within, as far as is known. */
  static outerOf(span: Span): Span | undefined {
    const { parent, scope, span: own } = span[OWN];
    if (isWork(parent)) return Span.of(parent);
    const { entry } = own.segment;
    return entry !== undefined && entry !== scope ? Span.of(entry) : undefined;
  }

  get context(): SpanContext {
    return this[OWN].context;
  }

  get type(): SpanType {
    return this[OWN].span.type;
  }

  /** From 0 within the segment; -1 before the start, and where nothing is recorded. */
  get id(): number {
    return this[OWN].span.spanId;
  }

  get parentId(): number {
    return this[OWN].span.parentSpanId;
  }

  get startTime(): number {
    return this[OWN].span.startTime;
  }

  get endTime(): number {
    return this[OWN].span.endTime;
  }

  /** That of a request with its method: `GET:/orders/7`. */
  get operation(): string {
    return prefixOf(this[OWN].span) + this[OWN].span.operationName;
  }

  set operation(name: string) {
    const span = this[OWN].span;
    const text = textOf(name);
    if (text === '' || span.endTime !== 0 || span.isNameFrozen) return;
    const { method } = span;
    if (!text.startsWith(prefixOf(span))) {
      // A backend gets the method before the name, unless it is a tag like any other.
      span.method = '';
      (span.tags ??= []).push(Tag.httpMethodKey, method);
    }
    this.recorder.rename(span, text);
  }

  get peer(): string {
    return this[OWN].peer ?? this[OWN].span.peer;
  }

  /** Only that of an exit span is sent. */
  set peer(peer: string) {
    this[OWN].peer = textOf(peer);
    if (this[OWN].scope !== undefined) this[OWN].tracer?.setPeer(this[OWN].span, this[OWN].peer);
  }

  get layer(): SpanLayer {
    return this[OWN].span.layer;
  }

  set layer(layer: SpanLayer) {
    if (this[OWN].span.endTime !== 0) return;
    const isKnown = typeof layer === 'number' && layer >= 0 && layer <= MAX_LAYER;
    this[OWN].span.layer = isKnown ? (layer as Layer) : SpanLayer.UNKNOWN;
  }

  /** `HTTP_SERVER` for every request, whatever its framework. */
  get component(): Component {
    const { componentId } = this[OWN].span;
    if (this[OWN].component?.id === componentId) return this[OWN].component;
    return Component.of(componentId === HTTP_SERVER ? Component.HTTP_SERVER.id : componentId);
  }

  set component(component: Component) {
    const id = idOf(component);
    if (id === undefined || this[OWN].span.endTime !== 0) return;
    this[OWN].component = component;
    this[OWN].span.componentId = id;
  }

  get errored(): boolean {
    return this[OWN].span.isError;
  }

  set errored(isError: unknown) {
    if (this[OWN].span.endTime === 0) this[OWN].span.isError = Boolean(isError);
  }

  /** Until it is over; `null`: there is none. */
  get lastError(): unknown {
    const { lastError } = this[OWN];
    return lastError instanceof WeakRef ? ((lastError.deref() as unknown) ?? null) : lastError;
  }

  /** A copy. What of a request is sent as `url` is called `http.url`, as in `tag()`. */
  get tags(): Tag[] {
    const { span, last = span } = this[OWN];
    const { method, url, statusCode } = span;
    const { tags = [] } = last;
    const all: Tag[] = [];
    if (url !== '') all.push(Tag.httpURL(url));
    if (method !== '') all.push(Tag.httpMethod(method));
    if (statusCode !== 0) all.push(Tag.httpStatusCode(statusCode));
    for (const [key, val] of pairsOf(tags)) all.push({ key, overridable: true, val });
    return all;
  }

  /** A copy. */
  get logs(): LogLine[] {
    const { span, last = span } = this[OWN];
    const { logs = [] } = last;
    return logs.map(({ time, data }) => ({
      timestamp: time,
      items: pairsOf(data).map(([key, val]) => ({ key, val })),
    }));
  }

  /** A copy. */
  get refs(): SpanRef[] {
    const { span, last = span } = this[OWN];
    const { refs = [] } = last;
    return refs.map((ref) => describeRef(ref, span.segment));
  }

  /** What runs from here on is part of it. One that was started twice is to be stopped twice. */
  start(): void {
    const own = this[OWN];
    if (own.span.endTime !== 0) return;
    this.depth++;
    const tracer = runningTracer();
    if (own.scope !== undefined || !tracer) return;
    own.tracer = tracer;
    const parent = context.getStore() ?? SpanContext.openOf(own.context);
    own.parent = parent;
    own.surroundings = context.whole();
    const opened = this.open(tracer, parent);
    const draft = own.span;
    const { type, operationName } = draft;
    own.span = opened ?? unrecordedSpan(type, operationName, tracer.now());
    takeOver(own.span, draft);
    const [carrier, ...more] = own.carriers.splice(0);
    // What a caller asked for is no part of what is active here.
    const isPart = parent !== undefined && carrier === undefined;
    const made =
      opened ??
      (isPart
        ? tracer.unrecordedAnew(operationName, parent)
        : tracer.unrecorded(operationName, headersOf(carrier)).narrow());
    // Or it runs in the scope of another.
    const scope = made ?? (parent as Scope);
    own.scope = scope;
    if (made) {
      spans.set(made, this);
      own.context = SpanContext.of(made, own.context);
    }
    for (const one of more) this.join(one);
    this.enter(scope);
  }

  /** It is over. */
  stop(): void {
    const own = this[OWN];
    if (this.depth === 0 || (this.depth === 1 && !own.isOwn)) return;
    this.depth--;
    if (this.depth > 0 || own.scope === undefined || !own.tracer) return;
    own.last = ownNotesOf(own.span);
    if (own.scope === own.span) own.tracer.end(own.span);
    else {
      own.span.endTime = own.tracer.now();
      own.span.tags = undefined;
      own.span.logs = undefined;
    }
    this.leave();
    // What outlives the span keeps it. A job that starts the next one within itself would hold all that were before it.
    own.parent = undefined;
    own.surroundings = undefined;
    own.lastError = null;
  }

  /** It goes on, and what runs from here on is not part of it. */
  async(): void {
    this.leave();
  }

  /** After `async()`: what runs from here on is part of it again. */
  resync(): void {
    if (this[OWN].scope !== undefined && this[OWN].span.endTime === 0) this.enter(this[OWN].scope);
  }

  /** The headers with which a message takes the trace along; of an exit span that has a `peer`. */
  inject(): ContextCarrier {
    const own = this[OWN];
    const items: CarrierItem[] = [];
    const scope = own.scope;
    const tracer = own.tracer;
    const set = (into: CarrierItem[], key: string, value: string): void => void into.push({ key, value });
    if (scope === own.span) tracer?.inject(own.span, items, set);
    else if (scope !== undefined) {
      const exit = tracer?.unrecordedExit(this.operation, this.peer || NO_NAME, scope);
      if (exit) tracer?.injectUnrecorded(exit, items, set);
    }
    return ContextCarrier.of(items);
  }

  /** The trace that a message brings to an entry span. The first one before `start()` gives the trace. */
  extract(carrier: ContextCarrier): this {
    const own = this[OWN];
    if (!isOne(carrier, ContextCarrier) || this.type !== SpanType.entry) return this;
    if (own.scope === undefined) own.carriers.push(carrier);
    else this.join(carrier);
    return this;
  }

  hasTag(key: string): boolean {
    return this.tags.some((tag) => tag.key === key);
  }

  /** The last value of a key counts, also of one that is not `overridable`. */
  tag(tag: Pick<Tag, 'key' | 'val'> & Partial<Tag>): this {
    try {
      const { key, val } = Object(tag) as Partial<Tag>;
      if (typeof key !== 'string') return this;
      const isUrl = key === Tag.httpURLKey && this[OWN].span.urlRest !== '';
      this.recorder.tag(this[OWN].span, isUrl ? 'url' : key, val);
    } catch {
      // A getter of the application's threw.
    }
    return this;
  }

  log(key: string, val: unknown): this {
    this.recorder.log(this[OWN].span, { [truncate(key, LIMITS.key)]: val });
    return this;
  }

  error(error: unknown): this {
    const own = this[OWN];
    if (error === this.lastError || own.span.endTime !== 0) return this;
    // When a span is over that an instrumentation ends, is not told here.
    own.lastError = own.isOwn || Object(error) !== error ? error : new WeakRef(error as object);
    this.recorder.fail(own.span, error);
    return this;
  }

  private get recorder(): SpanRecorder {
    return (this[OWN].tracer ?? runningTracer())?.details ?? unsent;
  }

  private open(tracer: Tracer, parent: Scope | undefined): TracerSpan | undefined {
    const { type, operationName } = this[OWN].span;
    const headers = headersOf(this[OWN].carriers[0]);
    // The application may never stop it.
    const options = { isPromised: true } as const;
    if (type === SpanType.exit) return tracer.openExit(operationName, this.peer || NO_NAME, parent, options);
    // Within a request, it is a part of that.
    const isWithin = parent !== undefined && headers === undefined;
    return type === SpanType.local || isWithin
      ? tracer.openLocal(operationName, parent, options)
      : tracer.openEntry(operationName, headers, true, options);
  }

  private join(carrier: ContextCarrier): void {
    if (this[OWN].scope === this[OWN].span) this[OWN].tracer?.join(this[OWN].span, headersOf(carrier) ?? {});
  }

  private enter(scope: Scope): void {
    if (context.getStore() === scope) return;
    this[OWN].surroundings = context.whole();
    storage.enterWith(context.within(scope));
  }

  private leave(): void {
    // Something else may be active by now, which it must not end.
    if (this[OWN].scope !== undefined && context.getStore() === this[OWN].scope)
      storage.enterWith(this[OWN].surroundings as Scope);
  }
}

/** The trace that spans are made in: that of the caller, or one that begins with the first of them. */
export class SpanContext {
  declare readonly [OWN]: ContextState;

  constructor() {
    hide(this, { scope: undefined } satisfies ContextState);
  }

  /** That of a scope; the same for all spans of a segment. @param made if there is none yet */
  static of(scope: Work, made?: SpanContext): SpanContext {
    const owner = scope instanceof TracerSpan ? scope.segment : scope;
    const known = contexts.get(owner);
    if (known) return known;
    const one = made === undefined || made[OWN].scope !== undefined ? new SpanContext() : made;
    one[OWN].scope = owner;
    contexts.set(owner, one);
    return one;
  }

  /** The scope that its spans are made in where no other is active. */
  static openOf(owner: SpanContext): Scope | undefined {
    const scope = owner[OWN].scope;
    if (!(scope instanceof Segment)) return scope;
    return scope.openSpans > 0 ? (scope.entry ?? scope.root) : undefined;
  }

  traceId(): string {
    return this[OWN].scope?.traceId.toString() ?? currentTrace.id() ?? NONE;
  }

  get segment(): { readonly segmentId: ID; readonly relatedTraces: readonly ID[]; readonly spans: readonly Span[] } {
    const scope = this[OWN].scope;
    return {
      segmentId: new ID(scope instanceof Segment ? scope.segmentId.toString() : NONE),
      relatedTraces: [new ID(this.traceId())],
      spans: scope instanceof Segment ? scope.spans.map((span) => Span.of(span)) : [],
    };
  }

  /** Spans that are open. */
  get nSpans(): number {
    const scope = this[OWN].scope;
    return scope instanceof Segment ? scope.openSpans : 0;
  }

  /** All its spans have ended. */
  get finished(): boolean {
    const scope = this[OWN].scope;
    return scope instanceof Segment && scope.openSpans === 0;
  }

  newLocalSpan(operation: string): Span {
    return new Span({ context: this, type: SpanType.local, operation });
  }

  /**
   * @param carrier what the message brings. Without one, and within a request, the span is a local one of it.
   * @param inherit components: the active entry span of one of them is renamed, in place of a new span
   */
  newEntrySpan(operation: string, carrier?: ContextCarrier, inherit?: Component | readonly Component[]): Span {
    const active = openSpan();
    if (active?.type === SpanType.entry && isAmong(active.component.id, inherit)) {
      active.operation = operation;
      return active;
    }
    return new Span({ context: this, type: SpanType.entry, operation, carrier });
  }

  /** @param inherit an exit span of this component that is made within this one is this one */
  newExitSpan(operation: string, component?: Component, inherit?: Component): Span {
    const active = openSpan();
    const inherited = active?.type === SpanType.exit ? idOf(active.inherit) : undefined;
    const isInherited = inherited !== undefined && inherited === idOf(component);
    const span =
      isInherited && active ? active : new Span({ context: this, type: SpanType.exit, operation, component });
    if (idOf(inherit) !== undefined) span.inherit = inherit;
    return span;
  }
}

const NONE = 'N/A';

/** From this module or from an instrumentation; undefined outside a trace. */
export function activeSpan(): Span | undefined {
  const scope = context.getStore();
  return isWork(scope) ? Span.of(scope) : undefined;
}

/** What was begun within a span may go on when that has ended. */
function openSpan(): Span | undefined {
  const span = activeSpan();
  return span?.endTime === 0 ? span : undefined;
}

function isWork(scope: Scope | undefined): scope is Work {
  return scope !== undefined && scope !== untraced;
}

/** A request is one of `http` or of a framework, as they call it there. */
function isAmong(id: number, components: unknown): boolean {
  const ids = [components].flat().map(idOf);
  const isRequest = id === Component.HTTP_SERVER.id && ids.includes(Component.EXPRESS.id);
  return isRequest || ids.includes(id);
}

function idOf(component: unknown): number | undefined {
  try {
    const { id } = Object(component) as Partial<Component>;
    return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
  } catch {
    // A getter of the application's threw.
    return undefined;
  }
}

function unrecordedSpan(type: SpanType, name: string, startTime: number): TracerSpan {
  return new TracerSpan(NO_SEGMENT, -1, -1, type, truncate(name, LIMITS.name), startTime);
}

function requestOf({ type, method, operationName }: UnrecordedTrace): TracerSpan {
  const span = unrecordedSpan(type, operationName, systemClock.now());
  if (method === '') return span;
  span.method = method;
  span.layer = SpanLayer.HTTP;
  span.componentId = HTTP_SERVER;
  return span;
}

/** What was noted before the start. */
function takeOver(span: TracerSpan, draft: TracerSpan): void {
  span.layer = draft.layer;
  span.componentId = draft.componentId;
  span.isError = draft.isError;
  span.tags = draft.tags;
  span.logs = draft.logs;
}

/** A value may be a part of a large text, which would be kept as long as the span. */
function ownNotesOf({ tags, logs, refs }: TracerSpan): Notes {
  return {
    tags: tags?.map((text) => copyOf(text)),
    logs: logs?.map(({ time, data }) => ({ time, data: data.map((text) => copyOf(text)) })),
    refs,
  };
}

function prefixOf({ type, method }: TracerSpan): string {
  return type === SpanType.entry && method !== '' ? `${method}:` : '';
}

function pairsOf(flat: readonly string[]): [key: string, value: string][] {
  return flat.flatMap((key, at): [string, string][] => (at % 2 === 0 ? [[key, flat[at + 1] ?? '']] : []));
}

function describeRef(ref: SegmentRef, { traceId }: Segment): SpanRef {
  const base = {
    refType: ref.refType === 0 ? ('CrossProcess' as const) : ('CrossThread' as const),
    traceId: new ID(String(ref.parentService === undefined ? traceId : ref.traceId)),
    segmentId: new ID(String(ref.parentSegmentId)),
    spanId: ref.parentSpanId,
  };
  if (ref.parentService === undefined) return base;
  const { parentService: service, parentInstance: serviceInstance, parentEndpoint: endpoint } = ref;
  return { ...base, service, serviceInstance, endpoint, clientAddress: ref.addressUsedAtPeer };
}

/** Programs without types set what they like. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** There they are fields, so that assigning to one throws nothing; here it changes nothing. */
for (const { prototype } of [Span, SpanContext]) {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const isReadOnly = Object.hasOwn(property, 'get') && property.set === undefined;
    if (isReadOnly) define(prototype, name, { ...property, set: () => undefined });
  }
}
