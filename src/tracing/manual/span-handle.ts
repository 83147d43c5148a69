import type { TraceSpan } from '../../api/agent';
import type { Id } from '../../model/ids';
import type { Span } from '../../model/segment';
import type { SpanRecorder } from '../span-recorder';

/** A span as the application sees it. Where nothing is recorded, its methods do nothing. None of them throws. */
export class SpanHandle implements TraceSpan {
  readonly #recorder: SpanRecorder;
  readonly #span: Span | undefined;
  readonly #trace: { readonly traceId: Id } | undefined;

  /** @param trace where it is not that of the span */
  constructor(recorder: SpanRecorder, span: Span | undefined, trace?: { readonly traceId: Id }) {
    this.#recorder = recorder;
    this.#span = span;
    this.#trace = trace ?? span?.segment;
  }

  get traceId(): string {
    return this.#trace?.traceId.toString() ?? '';
  }

  get segmentId(): string {
    return this.#span?.segment.segmentId.toString() ?? '';
  }

  get spanId(): number {
    return this.#span?.spanId ?? -1;
  }

  tag(key: string, value: unknown): void {
    if (this.#span) this.#recorder.tag(this.#span, key, value);
  }

  log(data: string | Readonly<Record<string, unknown>>): void {
    if (this.#span) this.#recorder.log(this.#span, typeof data === 'string' ? { message: data } : data);
  }

  error(error: unknown): void {
    if (this.#span) this.#recorder.fail(this.#span, error);
  }

  setOperationName(name: string): void {
    if (this.#span) this.#recorder.rename(this.#span, name);
  }
}
