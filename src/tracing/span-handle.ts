import type { TraceSpan } from '../api/agent';
import type { Span } from '../model/segment';
import type { SpanRecorder } from './span-recorder';

/** The span of `agent.trace` as its function sees it. Where nothing is traced, it does nothing. */
export class SpanHandle implements TraceSpan {
  readonly #recorder: SpanRecorder;
  readonly #span: Span | undefined;

  constructor(recorder: SpanRecorder, span: Span | undefined) {
    this.#recorder = recorder;
    this.#span = span;
  }

  tag(key: string, value: unknown): void {
    if (this.#span) this.#recorder.tag(this.#span, key, value);
  }
}
