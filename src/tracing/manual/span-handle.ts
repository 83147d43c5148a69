import type { TraceSpan } from '../../api/agent';
import type { Id } from '../../model/ids';
import type { Span } from '../../model/segment';
import type { SpanRecorder } from '../span-recorder';

/*
 * Ours of a handle. No text names them, so that no logger lists them; what asks for symbols, as libraries of tests do, sees them.
 * No `#` fields either, which a proxy does not have:
 * applications and test libraries wrap such objects in one.
 */
const RECORDER = Symbol('recorder');
const SPAN = Symbol('span');
const TRACE = Symbol('trace');

/** A span as the application sees it. Where nothing is recorded, its methods do nothing. None of them throws. */
export class SpanHandle implements TraceSpan {
  private readonly [RECORDER]: SpanRecorder;
  private readonly [SPAN]: Span | undefined;
  private readonly [TRACE]: { readonly traceId: Id } | undefined;

  /** @param trace where it is not that of the span */
  constructor(recorder: SpanRecorder, span: Span | undefined, trace?: { readonly traceId: Id }) {
    this[RECORDER] = recorder;
    this[SPAN] = span;
    this[TRACE] = trace ?? span?.segment;
  }

  get traceId(): string {
    return this[TRACE]?.traceId.toString() ?? '';
  }

  get segmentId(): string {
    return this[SPAN]?.segment.segmentId.toString() ?? '';
  }

  get spanId(): number {
    return this[SPAN]?.spanId ?? -1;
  }

  tag(key: string, value: unknown): void {
    if (this[SPAN]) this[RECORDER].tag(this[SPAN], key, value);
  }

  log(data: string | Readonly<Record<string, unknown>>): void {
    if (this[SPAN]) this[RECORDER].log(this[SPAN], typeof data === 'string' ? { message: data } : data);
  }

  error(error: unknown): void {
    if (this[SPAN]) this[RECORDER].fail(this[SPAN], error);
  }

  setOperationName(name: string): void {
    if (this[SPAN]) this[RECORDER].rename(this[SPAN], name);
  }

  /** As `console.log` shows it. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { traceId, segmentId, spanId } = this;
    return { traceId, segmentId, spanId };
  }
}
