import { warnOnce } from '../agent/place';
import { context, storage, type Surroundings } from '../tracing/context';
import { isOne } from './carrier';
import { activeSpan, Span, SpanContext } from './spans';

/** The trace that runs now. */
export class ContextManagerOfNow {
  get current(): SpanContext {
    return activeSpan()?.context ?? new SpanContext();
  }

  /** The active span, from this module or from an instrumentation. Undefined outside a trace, which its type leaves out as it does there. */
  get currentSpan(): Span {
    return activeSpan() as Span;
  }

  get hasContext(): boolean {
    return activeSpan() !== undefined;
  }

  /** Runs `callback` in the span, and stops it. */
  withSpan<A extends unknown[], T>(span: Span, callback: (...args: A) => T, ...args: A): T {
    begin(span);
    try {
      return callback(...args);
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      end(span);
    }
  }

  /** Likewise, up to the settling of the promise. */
  async withSpanAwait<A extends unknown[], T>(
    span: Span,
    callback: (...args: A) => T,
    ...args: A
  ): Promise<Awaited<T>> {
    begin(span);
    try {
      return await callback(...args);
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      end(span);
    }
  }

  /** The active spans, from the outermost to that of now. */
  get spans(): readonly Span[] {
    return this.internal('spans', activeSpans());
  }

  get asyncState(): { readonly spans: readonly Span[] } {
    return this.internal('asyncState', { spans: activeSpans() });
  }

  spansDup(): readonly Span[] {
    return this.internal('spansDup', activeSpans());
  }

  checkCold(): boolean {
    return this.internal('checkCold', false);
  }

  clear(span: Span): void {
    this.internal('clear', undefined);
    if (isSpan(span)) span.async();
  }

  restore(span: Span): void {
    this.internal('restore', undefined);
    if (isSpan(span)) span.resync();
  }

  clearAll(): void {
    this.internal('clearAll', undefined);
    storage.enterWith(context.noScope() as Surroundings);
  }

  private internal<T>(name: string, value: T): T {
    warnOnce(`ContextManager.${name} is internal to skywalking-backend-js; skyanchor/compat only imitates it`);
    return value;
  }
}

/** Another object, such as a test's, or a proxy whose traps throw, is no span: what was to run in it runs all the same. */
function isSpan(span: unknown): span is Span {
  if (isOne(span, Span)) return true;
  warnOnce('ContextManager was given a span that is none of skyanchor/compat; what was to run in it runs without');
  return false;
}

function begin(span: Span): void {
  try {
    if (isSpan(span) && span.depth === 0) span.start();
  } catch {
    warnOfProxy();
  }
}

function fail(span: Span, error: unknown): void {
  try {
    if (isSpan(span)) span.error(error);
  } catch {
    warnOfProxy();
  }
}

function end(span: Span): void {
  try {
    if (isSpan(span)) span.stop();
  } catch {
    warnOfProxy();
  }
}

function warnOfProxy(): void {
  warnOnce('a span that an application or a library has wrapped in a proxy threw; it is not traced');
}

function activeSpans(): Span[] {
  const all: Span[] = [];
  for (let span = activeSpan(); span && !all.includes(span); span = Span.outerOf(span)) all.unshift(span);
  return all;
}

export const ContextManager = new ContextManagerOfNow();
