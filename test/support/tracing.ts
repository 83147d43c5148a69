import { IdGenerator } from '../../src/tracing/id-generator';
import { Tracer, type TracerOptions } from '../../src/tracing/tracer';
import { FakeClock } from './fake-clock';
import type { Segment, Span } from '../../src/model/segment';
import type { Clock } from '../../src/base/clock';

export interface Tracing<C extends Clock> {
  readonly tracer: Tracer;
  readonly clock: C;
  /** Those that closed, in the order of their closing. */
  readonly segments: Segment[];
  /** Of all these segments. */
  spans(): Span[];
}

/** A tracer whose segments are kept for the test to look at. */
export function tracing(options?: Partial<TracerOptions>): Tracing<FakeClock>;
export function tracing<C extends Clock>(options: Partial<TracerOptions> & { clock: C }): Tracing<C>;
export function tracing(options: Partial<TracerOptions> = {}): Tracing<Clock> {
  const clock = options.clock ?? new FakeClock();
  const segments: Segment[] = [];
  const tracer = new Tracer({
    ids: new IdGenerator(clock),
    sink: (segment) => segments.push(segment),
    ...options,
    clock,
  });
  return { tracer, clock, segments, spans: () => segments.flatMap((segment) => segment.spans) };
}

/** The tags of a span as an object. */
export function tagsOf(span: Span | undefined): Record<string, string> {
  return pairs(span?.tags ?? []);
}

/** Each log of a span as an object. */
export function logsOf(span: Span | undefined): Record<string, string>[] {
  return (span?.logs ?? []).map(({ data }) => pairs(data));
}

function pairs(flat: readonly string[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) all[flat[at]!] = flat[at + 1]!;
  return all;
}
