import type { Property } from '../store/row';

/** One line of an application's log that the backend took. Not those of spans, which are in their segment. */
export interface LogEntry {
  /** ISO 8601, when it arrived, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  readonly service: string;
  readonly instance: string;
  readonly endpoint: string;
  readonly layer: string;
  /** Milliseconds since 1970, what the agent said; when it arrived, where it said nothing. */
  readonly time: number;
  /** What the agent calls its kind, such as `TEXT`. */
  readonly type: string;
  /** How it travelled; null: without a body. */
  readonly format: 'text' | 'json' | 'yaml' | null;
  readonly body: string;
  /** Empty outside a trace. */
  readonly traceId: string;
  readonly segmentId: string;
  readonly spanId: number;
  readonly tags: readonly Property[];
}
