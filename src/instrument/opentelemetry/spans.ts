import { describe } from '../conventions/describe';
import { spanName, withoutUserAndQuery } from '../conventions/remote-call';
import { INVALID_SPAN_CONTEXT, headersIn, propertyOf, spanContextOf, spanIn } from './span-context';
import {
  SPAN_KEY,
  StatusCode,
  SUPPRESS_KEY,
  type InstrumentationScope,
  type OtelSpanContext,
  type TimeInput,
} from './api-types';
import { define } from '../../base/define';
import { firstKeys } from '../../base/first-keys';
import { memoized } from '../../base/memoized';
import { truncate } from '../../base/text';
import { anyMillis } from '../../base/time';
import { Layer, SpanType } from '../../model/components';
import { LIMITS } from '../../model/limits';
import { Surroundings, untraced, type Scope } from '../../tracing/context';
import {
  MAX_ATTRIBUTE_LENGTH,
  MAX_ATTRIBUTES,
  type Attributes,
  type Description,
  type DescriptionOptions,
} from '../conventions/attributes';
import { Span } from '../../model/segment';
import type { Tracer } from '../../tracing/tracer';

/** What all spans of ours share. */
export interface SpanEnvironment {
  readonly tracer: Tracer;
  readonly options: DescriptionOptions;
  /** Packages of instrumentations whose work our own trace. */
  readonly tracedByUs: ReadonlySet<string>;
  /** Every caller's carrier counts. */
  readonly believesAll: boolean;
  /** The name to be shown, of which there must not be too many. */
  admitName(name: string, scope: InstrumentationScope): string;
  complain(error: unknown): void;
}

/** A span as applications and instrumentations see it. No method throws. */
export abstract class ApiSpan {
  /** @param scope what work within it becomes a child of */
  constructor(readonly scope: Scope | undefined) {}

  abstract spanContext(): OtelSpanContext;
  abstract setAttribute(key: unknown, value: unknown): this;
  abstract addEvent(name: unknown, attributesOrTime?: unknown, time?: TimeInput): this;
  abstract addLink(link: unknown): this;
  abstract setStatus(status: unknown): this;
  abstract updateName(name: unknown): this;
  abstract end(time?: TimeInput): void;
  abstract isRecording(): boolean;
  abstract recordException(error: unknown, time?: TimeInput): void;

  setAttributes(attributes: Attributes): this {
    try {
      for (const key of firstKeys(attributes, MAX_ATTRIBUTES)) this.setAttribute(key, attributes[key]);
    } catch {
      // A proxy or a getter of the application's threw: what was read before it is there.
    }
    return this;
  }

  addLinks(links: unknown): this {
    for (const [, link] of entriesOf(links, MAX_LINKS)) this.addLink(link);
    return this;
  }
}

/** Takes nothing. */
export class PassiveSpan extends ApiSpan {
  spanContext(): OtelSpanContext {
    return INVALID_SPAN_CONTEXT;
  }

  setAttribute(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  end(): void {
    // Nothing was begun.
  }

  isRecording(): boolean {
    return false;
  }

  recordException(): void {
    // Nothing takes it.
  }
}

/** A span that another process has. */
export class RemoteSpan extends PassiveSpan {
  constructor(private readonly own: OtelSpanContext) {
    super(undefined);
  }

  override spanContext(): OtelSpanContext {
    return this.own;
  }
}

/** A link that is no place which asked for this work. */
function noteLink(span: ApiSpan, context: unknown): void {
  const traceId = propertyOf(context, 'traceId');
  if (typeof traceId === 'string') span.addEvent('link', { trace_id: traceId, span_id: propertyOf(context, 'spanId') });
}

/** What is told of a span of ours that is open. */
abstract class ActiveSpan extends ApiSpan {
  private own: OtelSpanContext | undefined;

  constructor(
    readonly span: Span,
    protected readonly environment: SpanEnvironment,
  ) {
    super(span);
  }

  spanContext(): OtelSpanContext {
    return (this.own ??= spanContextOf(this.span));
  }

  isRecording(): boolean {
    return this.span.endTime === 0;
  }

  addEvent(name: unknown, attributesOrTime?: unknown, time?: TimeInput): this {
    const at = anyMillis(attributesOrTime);
    const data = Object.fromEntries([
      ['event', name],
      ...(at === undefined ? entriesOf(attributesOrTime, LIMITS.entries) : []),
    ]);
    this.environment.tracer.details.log(this.span, data, at ?? anyMillis(time));
    return this;
  }

  recordException(error: unknown, time?: TimeInput): void {
    this.environment.tracer.details.logError(this.span, error, anyMillis(time));
  }
}

/**
 * The face of a span that our own instrumentation has opened: the entry of a request, which `trace.getActiveSpan()` finds
 * in its handler. What is told to it is told to that span; only we end it.
 */
export class BorrowedSpan extends ActiveSpan {
  setAttribute(key: unknown, value: unknown): this {
    const { span, environment } = this;
    if (typeof key !== 'string' || key === '' || value === undefined || value === null) return this;
    if (key === 'http.route') nameByRoute(environment.tracer, span, value);
    // Ours says all that of a request.
    else if (span.layer !== Layer.http || !HTTP_ATTRIBUTE.test(key)) tagWith(environment.tracer, span, key, value);
    return this;
  }

  /** `GET /orders` is called `/orders` here. */
  updateName(name: unknown): this {
    const { span, environment } = this;
    const given = spanName(name);
    environment.tracer.rename(span, span.layer === Layer.http ? given.replace(METHOD, '') : given);
    return this;
  }

  setStatus(status: unknown): this {
    if (propertyOf(status, 'code') === StatusCode.error && this.isRecording()) this.span.isError = true;
    return this;
  }

  addLink(link: unknown): this {
    noteLink(this, propertyOf(link, 'context'));
    return this;
  }

  end(): void {
    // Ours, so we do.
  }
}

const METHOD = /^[A-Z]+ (?=\/)/;
const HTTP_ATTRIBUTE = /^(?:http|url|net|network|server|client|user_agent)\./;

/**
 * The face of a span that is not made, since we have one for that work already: HTTP, or each layer of a framework. What
 * is done within it is done in the scope that it was asked for in.
 */
export class TransparentSpan extends PassiveSpan {
  override spanContext(): OtelSpanContext {
    return this.scope instanceof Span ? spanContextOf(this.scope) : INVALID_SPAN_CONTEXT;
  }
}

function* pairsOf(list: readonly unknown[]): Generator<[string, unknown]> {
  for (let at = 0; at < list.length; at += 2) yield [list[at] as string, list[at + 1]];
}

/** Runs no setter of the application's, its own or an inherited one. */
function put(owner: object, key: string, value: unknown): void {
  define(owner, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A span that others have begun, and have to end. */
export class RecordedSpan extends ActiveSpan {
  /** key, value, key, value … Each key is there once. */
  private readonly list: unknown[] = [];
  /** What the list, as it is, comes to. */
  private description: Description | undefined = undefined;
  /** What hooks were given, who may take out of it what is not to be seen: from then on it says what the list holds. */
  private shown: Record<string, unknown> | undefined = undefined;
  private isOk = false;
  private message = '';
  private isNamed = false;

  constructor(
    span: Span,
    environment: SpanEnvironment,
    readonly instrumentationScope: InstrumentationScope,
    readonly kind: number,
  ) {
    super(span, environment);
  }

  get name(): string {
    return this.span.operationName;
  }

  /** As instrumentations' hooks read and change it, until the span ends. */
  get attributes(): Record<string, unknown> {
    if (!this.isRecording()) return {};
    this.shown ??= Object.fromEntries(pairsOf(this.list));
    return this.shown;
  }

  set attributes(given: unknown) {
    if (!this.isRecording()) return;
    const shown: Record<string, unknown> = {};
    try {
      for (const key of firstKeys(given, MAX_ATTRIBUTES)) put(shown, key, propertyOf(given, key));
    } catch {
      // A proxy that refuses.
    }
    this.shown = shown;
  }

  setAttribute(key: unknown, value: unknown): this {
    if (!this.isRecording() || typeof key !== 'string' || key === '' || value === undefined || value === null)
      return this;
    // It would be what all others are inherited from.
    if (key === '__proto__') return this;
    if (this.shown) this.readShown(this.shown);
    const { list } = this;
    let at = 0;
    while (at < list.length && list[at] !== key) at += 2;
    if (at === 2 * MAX_ATTRIBUTES) return this;
    list[at] = key;
    list[at + 1] = value;
    this.description = undefined;
    if (this.shown) put(this.shown, key, value);
    return this;
  }

  private readShown(shown: Record<string, unknown>): void {
    const { list } = this;
    list.length = 0;
    for (const key of firstKeys(shown, MAX_ATTRIBUTES)) {
      const value = propertyOf(shown, key);
      if (key !== '' && key !== '__proto__' && value !== undefined && value !== null) list.push(key, value);
    }
    this.description = undefined;
  }

  /** Some instrumentations say right after the start what was called: before a call within it carries its name as an entry. */
  override setAttributes(attributes: Attributes): this {
    super.setAttributes(attributes);
    if (this.span.type !== SpanType.entry || this.isNamed || !this.isRecording()) return this;
    try {
      this.describe();
    } catch (error) {
      this.environment.complain(error);
    }
    return this;
  }

  addLink(link: unknown): this {
    const { span, environment } = this;
    const context = propertyOf(link, 'context');
    const headers = headersIn(context);
    if (headers && span.type === SpanType.entry && environment.tracer.join(span, headers)) return this;
    noteLink(this, context);
    return this;
  }

  setStatus(status: unknown): this {
    if (this.isOk || !this.isRecording()) return this;
    const code = propertyOf(status, 'code');
    const message = propertyOf(status, 'message');
    if (code === StatusCode.ok) {
      this.isOk = true;
      this.span.isError = false;
    } else if (code === StatusCode.error) {
      this.span.isError = true;
      this.message = typeof message === 'string' ? message : '';
    }
    return this;
  }

  updateName(name: unknown): this {
    const { environment, instrumentationScope, span } = this;
    if (!this.isNamed) environment.tracer.rename(span, environment.admitName(spanName(name), instrumentationScope));
    return this;
  }

  end(time?: TimeInput): void {
    if (this.isRecording()) {
      try {
        this.describeAll();
      } catch (error) {
        // An attribute whose getter throws.
        this.environment.complain(error);
      }
      this.environment.tracer.end(this.span, anyMillis(time));
    }
    // Whatever was begun within the span keeps it, and may live long. We may have ended it before, as one that was forgotten.
    this.list.length = 0;
    this.shown = undefined;
    this.description = undefined;
    this.message = '';
  }

  /** Says what has to be known before others are told of the span: its name as an entry, its peer as an exit. */
  describe(): Description | undefined {
    const { span, environment } = this;
    if (!this.isRecording()) return undefined;
    if (this.shown) this.readShown(this.shown);
    if (this.description) return this.description;
    const description = describe(this.list, span.type, environment.options);
    if (!description) return undefined;
    this.description = description;
    span.componentId = description.component;
    if (description.request && span.type === SpanType.entry) {
      span.method = truncate(description.request.method, LIMITS.method);
      span.urlBase = truncate(description.request.url, LIMITS.value);
      span.statusCode = description.request.statusCode;
    }
    if (description.name !== undefined && (span.type !== SpanType.local || description.isNameOfLocal === true)) {
      environment.tracer.rename(span, description.name);
      this.isNamed = true;
    }
    if (span.type === SpanType.local) return description;
    span.layer = description.layer as Layer;
    if (span.type === SpanType.exit) environment.tracer.setPeer(span, description.peer);
    // Who asked is the peer of no other entry: the backend knows by the ref.
    else if (span.layer === Layer.mq) span.peer = truncate(description.peer, LIMITS.name);
    return description;
  }

  private describeAll(): void {
    const { span, environment, list } = this;
    const { details } = environment.tracer;
    const description = this.describe();
    // Its target is unknown, so it is no call that leaves the process.
    if (span.type === SpanType.exit && span.peer === '') span.type = SpanType.local;
    if (description && span.type !== SpanType.local) details.tagAll(span, description.tags);
    for (let at = 0; at < list.length; at += 2) {
      const key = list[at] as string;
      if (description?.isSaid(key) !== true) tagWith(environment.tracer, span, key, list[at + 1]);
    }
    if (this.message !== '' && span.isError && span.logs === undefined)
      details.log(span, { event: 'error', message: this.message });
  }
}

/** A link becomes a ref or a log. */
const MAX_LINKS = LIMITS.refs + LIMITS.logs;

/** The backend makes something of these, which an application that uses them for its own purposes does not mean. */
const RESERVED =
  /^(?:x-le|transmission\.latency|db\.(?:type|instance|sql\.parameters|bind_vars)|(?:cache|mq)\..*|url|status_code)$/;

/** What is shown of those that hold a URL, with its user and its query, or a name that is made of one. */
const SHOWN: ReadonlyMap<string, (text: string) => string> = new Map([
  ['url.full', withoutUserAndQuery],
  ['http.url', withoutUserAndQuery],
  ['http.target', withoutUserAndQuery],
  ['next.span_name', spanName],
]);
const QUERY = 'url.query';
const shownKey = memoized((key) => (RESERVED.test(key) ? `otel.${key}` : key));

function tagWith({ details }: Tracer, span: Span, key: string, value: unknown): void {
  if (key === QUERY) return;
  const shown = SHOWN.get(key);
  details.tag(span, shownKey(key), shown ? shown(truncate(value, MAX_ATTRIBUTE_LENGTH)) : value);
}

/** The first of the entries: a span takes no more, however many there are. */
function entriesOf(attributes: unknown, most: number): [string, unknown][] {
  try {
    return firstKeys(attributes, most).map((key) => [key, (attributes as Record<string, unknown>)[key]]);
  } catch {
    return [];
  }
}

/** Whatever stands before all routes is none. */
const ALL_PATHS = '/*';

/** A framework's route is a better name for a request than its path. */
export function nameByRoute(tracer: Tracer, span: Span, route: unknown): void {
  const { entry } = span.segment;
  if (entry?.layer !== Layer.http || typeof route !== 'string' || !route.startsWith('/') || route === ALL_PATHS) return;
  tracer.rename(entry, route);
}

/** The span in a context, whoever made it. */
export function scopeIn(context: { getValue(key: symbol): unknown }): Scope | undefined {
  // Work that is not recorded has no span to be found by.
  if (context instanceof Surroundings) return context.scope;
  if (context.getValue(SUPPRESS_KEY) === true) return untraced;
  return scopeOfSpan(context.getValue(SPAN_KEY));
}

export function scopeOfSpan(span: unknown): Scope | undefined {
  try {
    if (span instanceof ApiSpan) return span.scope;
  } catch {
    // A proxy that refuses.
    return undefined;
  }
  return spanIn(spanContextIn(span));
}

export function spanContextIn(span: unknown): OtelSpanContext | undefined {
  try {
    return (span as { spanContext?(): OtelSpanContext } | undefined)?.spanContext?.();
  } catch {
    return undefined;
  }
}
