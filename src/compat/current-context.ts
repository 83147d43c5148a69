import { warnOnce } from '../agent/place';
import { storage, type Scope } from '../tracing/context';
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
    if (!(span instanceof Span)) return callback(...args);
    if (span.depth === 0) span.start();
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
    if (!(span instanceof Span)) return await callback(...args);
    if (span.depth === 0) span.start();
    try {
      return await callback(...args);
    } catch (error) {
      span.error(error);
      throw error;
    } finally {
      span.stop();
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
    if (span instanceof Span) span.async();
  }

  restore(span: Span): void {
    this.internal('restore', undefined);
    if (span instanceof Span) span.resync();
  }

  clearAll(): void {
    this.internal('clearAll', undefined);
    storage.enterWith(undefined as unknown as Scope);
  }

  private internal<T>(name: string, value: T): T {
    warnOnce(`ContextManager.${name} is internal to skywalking-backend-js; skyanchor/compat only imitates it`);
    return value;
  }
}

function activeSpans(): Span[] {
  const all: Span[] = [];
  for (let span = activeSpan(); span && !all.includes(span); span = Span.outerOf(span)) all.unshift(span);
  return all;
}

export const ContextManager = new ContextManagerOfNow();
