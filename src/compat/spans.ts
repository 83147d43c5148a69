import { runningTracer, warnOnce } from '../agent/place';
import { SpanType, type Layer } from '../model/components';
import { Span as TracerSpan } from '../model/segment';
import { context, storage, untraced, type Scope, type Surroundings } from '../tracing/context';
import { currentTrace } from '../tracing/current-trace';
import type { Tracer } from '../tracing/tracer';
import { ContextCarrier, type CarrierItem } from './carrier';
import { Component, SpanLayer, type Tag } from './names';

/** What is shown where the called side was not named. */
const NO_PEER = 'unknown';
const MAX_LAYER = SpanLayer.CACHE;

/** What a span is made of. */
interface SpanParts {
  readonly context: SpanContext;
  readonly type: SpanType;
  readonly operation: string;
  readonly component?: Component;
  readonly carrier?: ContextCarrier | undefined;
  /** It goes on with the span of another library: renamed, and ended by that one. */
  readonly inherited?: TracerSpan;
}

/**
 * A span that is started and stopped by hand. Its scope is what runs after `start()`, up to `stop()` or `async()`, and
 * everything that was begun meanwhile.
 */
export class Span {
  readonly context: SpanContext;
  readonly type: SpanType;
  /** An exit span of this library, made within this one, is this one. */
  inherit: Component | undefined;
  errored = false;
  startTime = 0;
  endTime = 0;
  private readonly waiting: ((span: TracerSpan, tracer: Tracer) => void)[] = [];
  private readonly keys = new Set<string>();
  private readonly inherited: TracerSpan | undefined;
  private carrier: ContextCarrier | undefined;
  private tracer: Tracer | undefined;
  private scope: Scope | undefined;
  private parent: Scope | undefined;
  /** What `stop()` and `async()` go back to. */
  private surroundings: Scope | Surroundings | undefined;
  private name: string;
  private address = '';
  private library: Component;
  private kind: SpanLayer = SpanLayer.UNKNOWN;

  constructor({ context: owner, type, operation, component, carrier, inherited }: SpanParts) {
    this.context = owner;
    this.type = type;
    this.name = textOf(operation);
    this.library = component ?? Component.UNKNOWN;
    this.carrier = carrier;
    this.inherited = inherited;
  }

  /** A span that is already active, started by this module or by an instrumentation. */
  static ofActive(owner: SpanContext, scope: TracerSpan, tracer: Tracer): Span {
    const span = new Span({ context: owner, type: scope.type, operation: scope.operationName, inherited: scope });
    span.startTime = scope.startTime;
    span.tracer = tracer;
    span.scope = scope;
    span.parent = scope;
    span.surroundings = context.whole();
    span.address = scope.peer;
    span.library = new Component(scope.componentId);
    span.kind = scope.layer;
    span.errored = scope.isError;
    return span;
  }

  get operation(): string {
    return this.name;
  }

  set operation(name: string) {
    this.name = textOf(name);
    this.apply((span, tracer) => {
      if (span.isNameFrozen) return;
      span.naming = undefined;
      tracer.rename(span, this.name);
    });
  }

  get peer(): string {
    return this.address;
  }

  set peer(peer: string) {
    this.address = textOf(peer);
    this.apply((span, tracer) => {
      if (span.type === SpanType.exit) tracer.setPeer(span, this.address);
    });
  }

  get layer(): SpanLayer {
    return this.kind;
  }

  set layer(layer: SpanLayer) {
    this.kind = layer;
    this.apply((span) => (span.layer = (layer >= 0 && layer <= MAX_LAYER ? layer : SpanLayer.UNKNOWN) as Layer));
  }

  get component(): Component {
    return this.library;
  }

  set component(component: Component) {
    this.library = component;
    const { id } = component;
    this.apply((span) => (span.componentId = id));
  }

  /** From 0 within the segment; -1 where nothing is recorded. */
  get id(): number {
    return this.scope instanceof TracerSpan ? this.scope.spanId : -1;
  }

  /** What runs from here on is part of it. Twice is once. */
  start(): void {
    const tracer = runningTracer();
    if (this.scope !== undefined || !tracer) return;
    this.tracer = tracer;
    this.parent = context.getStore();
    this.surroundings = context.whole();
    const span = this.inherited ?? this.open(tracer);
    this.scope = span ?? this.parent ?? tracer.unrecorded(this.name, this.carrier?.headers);
    this.startTime = tracer.now();
    if (span) {
      if (this.library.id !== 0) span.componentId = this.library.id;
      for (const note of this.waiting.splice(0)) note(span, tracer);
      if (this.inherited) tracer.rename(span, this.name);
    }
    this.enter(this.scope);
  }

  /** It is over. */
  stop(): void {
    const { scope, tracer } = this;
    if (scope === undefined || !tracer || this.endTime !== 0) return;
    this.endTime = tracer.now();
    if (scope instanceof TracerSpan) {
      if (this.errored) scope.isError = true;
      if (!this.inherited) tracer.end(scope);
    }
    this.leave();
  }

  /** It goes on, and what runs from here on is not part of it. */
  async(): void {
    this.leave();
  }

  /** After `async()`: what runs from here on is part of it again. */
  resync(): void {
    if (this.scope !== undefined && this.endTime === 0) this.enter(this.scope);
  }

  /** The headers with which a message takes the trace along; of an exit span that has a `peer`. */
  inject(): ContextCarrier {
    const items: CarrierItem[] = [];
    const { scope, tracer } = this;
    const set = (into: CarrierItem[], key: string, value: string): void => void into.push({ key, value });
    if (scope instanceof TracerSpan) tracer?.inject(scope, items, set);
    else if (scope !== undefined) {
      const exit = tracer?.unrecordedExit(this.name, this.address || NO_PEER, scope);
      if (exit) tracer?.injectUnrecorded(exit, items, set);
    }
    return new ContextCarrier(items);
  }

  /** Before `start()`: the trace that a message brings. */
  extract(carrier: ContextCarrier): this {
    if (this.scope === undefined) this.carrier = carrier;
    return this;
  }

  hasTag(key: string): boolean {
    return this.keys.has(key);
  }

  tag({ key, val }: Pick<Tag, 'key' | 'val'> & Partial<Tag>): this {
    this.keys.add(key);
    this.apply((span, tracer) => tracer.details.tag(span, key, val));
    return this;
  }

  log(key: string, val: unknown): this {
    this.apply((span, tracer) => tracer.details.log(span, { [key]: val }));
    return this;
  }

  error(error: unknown): this {
    this.errored = true;
    this.apply((span, tracer) => tracer.details.fail(span, error));
    return this;
  }

  private open(tracer: Tracer): TracerSpan | undefined {
    const { name, parent, carrier } = this;
    // The application may never stop it.
    const options = { isPromised: true } as const;
    if (this.type === SpanType.exit) return tracer.openExit(name, this.address || NO_PEER, parent, options);
    // Within a request, it is a part of that.
    const isWithin = parent instanceof TracerSpan && carrier === undefined;
    return this.type === SpanType.local || isWithin
      ? tracer.openLocal(name, parent, options)
      : tracer.openEntry(name, carrier?.headers, true, options);
  }

  /** Now, or with its start; never without one. */
  private apply(note: (span: TracerSpan, tracer: Tracer) => void): void {
    const { scope, tracer } = this;
    if (scope === undefined) this.waiting.push(note);
    else if (tracer && scope instanceof TracerSpan && scope.endTime === 0) note(scope, tracer);
  }

  private enter(scope: Scope): void {
    storage.enterWith(context.within(scope));
    spans.set(scope as object, this);
  }

  private leave(): void {
    // Something else may be active by now, which it must not end.
    if (context.getStore() === this.scope) storage.enterWith(this.surroundings as Scope);
  }
}

/** Programs without types set what they like. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

const spans = new WeakMap<object, Span>();

/** The span whose scope this is, if it was started by hand. */
function spanOf(scope: Scope): Span | undefined {
  return typeof scope === 'object' ? spans.get(scope) : undefined;
}

const NONE = 'N/A';

/** The trace that spans are made in: that of the caller, or one that begins with the first of them. */
export class SpanContext {
  traceId(): string {
    return currentTrace.id() ?? NONE;
  }

  get segment(): { readonly segmentId: string; readonly relatedTraces: readonly string[] } {
    const scope = context.getStore();
    const segmentId = scope instanceof TracerSpan ? scope.segment.segmentId.toString() : NONE;
    return { segmentId, relatedTraces: [this.traceId()] };
  }

  newLocalSpan(operation: string): Span {
    return new Span({ context: this, type: SpanType.local, operation });
  }

  /**
   * @param carrier what the message brings. Without one, and within a request, the span is a local one of it.
   * @param inherit components: the active entry span of one of them is renamed, in place of a new span
   */
  newEntrySpan(operation: string, carrier?: ContextCarrier, inherit?: Component | readonly Component[]): Span {
    const inherited = inheritedBy(SpanType.entry, inherit);
    return new Span({ context: this, type: SpanType.entry, operation, carrier, ...(inherited && { inherited }) });
  }

  /** @param inherit an exit span of this component that is made within this one is this one */
  newExitSpan(operation: string, component?: Component, inherit?: Component): Span {
    const scope = context.getStore();
    const outer = scope instanceof TracerSpan && scope.type === SpanType.exit ? spanOf(scope) : undefined;
    const isSame = outer?.inherit !== undefined && outer.inherit.id === component?.id;
    const span = new Span({
      context: this,
      type: SpanType.exit,
      operation,
      ...(component && { component }),
      ...(isSame && scope instanceof TracerSpan && { inherited: scope }),
    });
    span.inherit = inherit;
    return span;
  }
}

/** The request is one of `http` or of a framework, as they call it there. */
function inheritedBy(type: SpanType, inherit: Component | readonly Component[] | undefined): TracerSpan | undefined {
  const scope = context.getStore();
  if (inherit === undefined || !(scope instanceof TracerSpan) || scope.type !== type) return undefined;
  const ids = [inherit].flat().map(({ id }) => (id === Component.HTTP_SERVER.id ? HTTP_SERVER : id));
  return ids.includes(scope.componentId) ? scope : undefined;
}

/** As we call it. */
const HTTP_SERVER = 4001;

/** The trace that runs now. */
export class ContextManagerOfNow {
  get current(): SpanContext {
    return this.currentSpan?.context ?? new SpanContext();
  }

  /** The active span, from this module or from an instrumentation; undefined outside a trace. */
  get currentSpan(): Span | undefined {
    const scope = context.getStore();
    if (scope === undefined || scope === untraced) return undefined;
    const ours = spanOf(scope);
    if (ours || !(scope instanceof TracerSpan)) return ours;
    const tracer = runningTracer();
    return tracer && Span.ofActive(new SpanContext(), scope, tracer);
  }

  get hasContext(): boolean {
    return this.currentSpan !== undefined;
  }

  /** Runs `callback` in the span, and stops it. */
  withSpan<A extends unknown[], T>(span: Span, callback: (...args: A) => T, ...args: A): T {
    span.start();
    try {
      return callback(...args);
    } catch (error) {
      span.error(error);
      throw error;
    } finally {
      span.stop();
    }
  }

  /** Likewise, up to the settling of the promise. */
  async withSpanAwait<A extends unknown[], T>(
    span: Span,
    callback: (...args: A) => T,
    ...args: A
  ): Promise<Awaited<T>> {
    span.start();
    try {
      return await callback(...args);
    } catch (error) {
      span.error(error);
      throw error;
    } finally {
      span.stop();
    }
  }

  get spans(): readonly Span[] {
    return this.internal('spans', this.currentSpan ? [this.currentSpan] : []);
  }

  get asyncState(): { readonly spans: readonly Span[] } {
    return this.internal('asyncState', { spans: this.currentSpan ? [this.currentSpan] : [] });
  }

  spansDup(): readonly Span[] {
    return this.internal('spansDup', this.currentSpan ? [this.currentSpan] : []);
  }

  checkCold(): boolean {
    return this.internal('checkCold', false);
  }

  clear(span: Span): void {
    this.internal('clear', undefined);
    span.async();
  }

  restore(span: Span): void {
    this.internal('restore', undefined);
    span.resync();
  }

  clearAll(): void {
    this.internal('clearAll', undefined);
    this.currentSpan?.async();
  }

  private internal<T>(name: string, value: T): T {
    warnOnce(`ContextManager.${name} is internal to skywalking-backend-js; skyanchor/compat only imitates it`);
    return value;
  }
}

export const ContextManager = new ContextManagerOfNow();
