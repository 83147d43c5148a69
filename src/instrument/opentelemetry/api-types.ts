import type { Attributes } from '../conventions/attributes';

/** What of `@opentelemetry/api` 1.x meets us, in the shape that all its versions have. Nothing of it is loaded. */
export interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

export interface OtelSpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
}

/** Milliseconds since 1970, or since the process started; seconds and nanoseconds; a date. */
export type TimeInput = unknown;

interface Link {
  readonly context?: OtelSpanContext;
  readonly attributes?: Attributes;
}

export interface OtelSpanOptions {
  readonly kind?: number;
  readonly attributes?: Attributes;
  readonly links?: readonly Link[];
  readonly startTime?: TimeInput;
  readonly root?: boolean;
}

export const SpanKind = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const;
export const StatusCode = { unset: 0, ok: 1, error: 2 } as const;

/** Who makes the spans. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string | undefined;
}

/** Keys of a context, the same in every copy of the API. */
export const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
export const SUPPRESS_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
