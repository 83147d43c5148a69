import type { Span } from '../model/segment';

interface Tagger {
  tag(span: Span, key: string, value: unknown): void;
}

/** What the function given to `agent.trace` can do with its span. Where nothing is traced, it does nothing. */
export class TraceSpan {
  readonly #tagger: Tagger;
  readonly #span: Span | undefined;

  constructor(tagger: Tagger, span: Span | undefined) {
    this.#tagger = tagger;
    this.#span = span;
  }

  /** @param value anything; becomes a string. After the span has ended: ignored. */
  tag(key: string, value: unknown): void {
    if (this.#span) this.#tagger.tag(this.#span, key, value);
  }
}
