import { IdGenerator } from '../../src/tracing/id-generator';
import { V2Propagator, type V2Identity } from '../../src/protocol/v2/sw6/propagator';
import { V3Propagator } from '../../src/protocol/v3/sw8/propagator';
import type { PropagationIdentity } from '../../src/tracing/propagation/propagator';
import { Tracer, type TracerOptions } from '../../src/tracing/tracer';
import { FakeClock } from './fake-clock';
import type { Segment, Span } from '../../src/model/segment';
import type { Clock } from '../../src/base/clock';

export interface Tracing<C extends Clock> {
  readonly tracer: Tracer;
  readonly clock: C;
  /** Those that closed, in the order of their closing. */
  readonly segments: Segment[];
  /** The spans of all these segments. */
  spans(): Span[];
}

export interface TracingOptions extends Partial<TracerOptions> {
  /** The epoch that the ids in v2 carriers of other processes are of; 0 by default. */
  carrierEpoch?(): number;
}

/** A tracer whose segments are kept for the test to look at. */
export function tracing(options?: TracingOptions): Tracing<FakeClock>;
export function tracing<C extends Clock>(options: TracingOptions & { clock: C }): Tracing<C>;
export function tracing({ carrierEpoch = () => 0, ...options }: TracingOptions = {}): Tracing<Clock> {
  const clock = options.clock ?? new FakeClock();
  const ids = options.ids ?? new IdGenerator(clock);
  const segments: Segment[] = [];
  const tracer = new Tracer({
    ids,
    propagators: { v3: new V3Propagator(clock), v2: new V2Propagator(ids, carrierEpoch) },
    sink: (segment) => segments.push(segment),
    ...options,
    clock,
  });
  return { tracer, clock, segments, spans: () => segments.flatMap((segment) => segment.spans) };
}

export function isV2(identity: PropagationIdentity | undefined): identity is V2Identity {
  return identity?.protocol === 'v2';
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
