import { BorrowedSpan, scopeIn, scopeOfSpan, type SpanEnvironment } from './spans';
import { SPAN_KEY, SUPPRESS_KEY, type Context } from './api-types';
import { propertyOf } from './span-context';
import { define } from '../../base/define';
import { context, foreignIn, foreignNow, scopeOf, Surroundings, untraced, type Scope } from '../../tracing/context';
import type { ForeignHeaders } from '../../model/foreign-headers';
import { Span } from '../../model/segment';

type Readable = Pick<Context, 'getValue'>;
/** key, value, key, value … They are few, and a copy of a list costs less than one of a map. */
type Values = readonly unknown[];
type Function = (this: unknown, ...args: unknown[]) => unknown;

const NONE: Values = [];
/** In the place of a context's span where none was set by its key. */
const UNSET = Symbol('unset');

/** A context of OpenTelemetry's as the agent's storage holds it: a scope of ours, and whatever else was put in. */
class BridgeContext extends Surroundings implements Context {
  /**
   * @param scope what work in it becomes a child of
   * @param span that was set by its key
   * @param values that were set by other keys
   * @param outer of the API's own class, for what has not been set here
   * @param foreign of the request that it was made in
   */
  constructor(
    private readonly manager: Contexts,
    readonly scope: Scope | undefined,
    private readonly span: unknown,
    private readonly values: Values,
    private readonly outer: Readable | undefined,
    readonly foreign: ForeignHeaders | undefined = foreignIn(scope),
  ) {
    super();
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY && this.span !== UNSET) return this.span;
    const { values } = this;
    for (let at = 0; at < values.length; at += 2) if (values[at] === key) return values[at + 1];
    // Instrumentations ask, and where nothing is to be traced they are to make nothing.
    if (key === SUPPRESS_KEY && this.scope === untraced) return true;
    const outer = this.outer?.getValue(key);
    if (outer !== undefined || key !== SPAN_KEY) return outer;
    return this.scope instanceof Span ? this.manager.borrowed(this.scope) : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    const { manager, outer } = this;
    const scope = this.scopeWith(key, value);
    const foreign = foreignIn(scope) ?? this.foreign;
    if (key === SPAN_KEY) return new BridgeContext(manager, scope, value, this.values, outer, foreign);
    const values = this.values.slice();
    let at = 0;
    while (at < values.length && values[at] !== key) at += 2;
    values[at] = key;
    values[at + 1] = value;
    return new BridgeContext(manager, scope, this.span, values, outer, foreign);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  /** Work of a span of our own goes on here: that is the span now, and the rest stays. */
  within(scope: Scope): Surroundings {
    const outer = this.outer && shadowed(this.outer);
    return new BridgeContext(this.manager, scope, UNSET, this.values, outer, foreignIn(scope) ?? this.foreign);
  }

  /** The same in the request of now, where it is a context of no work: that of another request stays as it is. */
  amidNow(): BridgeContext {
    const isOfWork = this.scope !== undefined && this.scope !== untraced;
    const foreign = this.foreign !== undefined || isOfWork ? undefined : foreignNow();
    if (foreign === undefined) return this;
    return new BridgeContext(this.manager, this.scope, this.span, this.values, this.outer, foreign);
  }

  private scopeWith(key: symbol, value: unknown): Scope | undefined {
    if (key === SUPPRESS_KEY) return value === true ? untraced : scopeOfSpan(this.getValue(SPAN_KEY));
    if (key !== SPAN_KEY) return this.scope;
    return this.getValue(SUPPRESS_KEY) === true ? untraced : scopeOfSpan(value);
  }
}

/** A context whose span is no longer that of its work. */
class Shadowed implements Readable {
  constructor(private readonly outer: Readable) {}

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? undefined : this.outer.getValue(key);
  }
}

/** One shadow takes the span away for all spans within it: work that goes on and on would else build a tower of them. */
function shadowed(outer: Readable): Shadowed {
  return outer instanceof Shadowed ? outer : new Shadowed(outer);
}

/** OpenTelemetry's contexts and our scopes in one storage, so that they cannot come apart. */
export class Contexts {
  private readonly root = new BridgeContext(this, undefined, UNSET, NONE, undefined);
  private readonly faces = new WeakMap<Span, BorrowedSpan>();
  private readonly bound = new WeakSet<object>();

  constructor(private readonly environment: SpanEnvironment) {}

  active(): Context {
    const whole = context.whole();
    if (whole === undefined) return this.root;
    if (whole instanceof BridgeContext) return whole;
    return new BridgeContext(this, scopeOf(whole), UNSET, NONE, undefined, foreignIn(whole));
  }

  /** The same face each time. */
  borrowed(span: Span): BorrowedSpan {
    let face = this.faces.get(span);
    if (!face) this.faces.set(span, (face = new BorrowedSpan(span, this.environment)));
    return face;
  }

  with(given: Context | undefined, fn: Function, thisArg?: unknown, ...args: unknown[]): unknown {
    return context.run(this.own(given).amidNow(), apply, fn, thisArg, args);
  }

  bind<T>(given: Context, target: T): T {
    if (typeof target === 'function') return this.boundFunction(given, target as Function) as T;
    if (typeof target !== 'object' || target === null || this.bound.has(target)) return target;
    const emitter: object = target;
    const emit = propertyOf(emitter, 'emit');
    if (typeof emit !== 'function') return target;
    this.bound.add(emitter);
    // Where nothing else looks: an emitter is often printed, and copied.
    define(emitter, 'emit', {
      value: this.boundFunction(given, emit as Function),
      configurable: true,
      writable: true,
      enumerable: false,
    });
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }

  /** A context of the API's own, as `ROOT_CONTEXT` is, becomes one of ours when it is used. */
  own(given: Context | undefined): BridgeContext {
    try {
      if (given instanceof BridgeContext) return given;
      if (typeof given?.getValue !== 'function') return this.root;
      return new BridgeContext(this, scopeIn(given), UNSET, NONE, given);
    } catch {
      // A proxy that refuses. The work in it runs all the same.
      return this.root;
    }
  }

  private boundFunction(given: Context, target: Function): Function {
    const run = (self: unknown, args: unknown[]): unknown => this.with(given, target, self, ...args);
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return run(this, args);
    };
    define(bound, 'length', { value: target.length, configurable: true });
    return bound;
  }
}

function apply(fn: Function, thisArg: unknown, args: unknown[]): unknown {
  return Reflect.apply(fn, thisArg, args);
}
