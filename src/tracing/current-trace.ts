import { context, untraced } from './context';
import { withPair } from './propagation/correlation';
import { LIMITS } from '../model/limits';
import { truncate } from '../base/text';
import { type Segment, Span } from '../model/segment';
import type { UnrecordedTrace } from './sampling/unrecorded-trace';

/** The trace that the caller's work is part of. */
export const currentTrace = {
  /** Also where nothing is recorded; `undefined` outside a trace. */
  id(): string | undefined {
    return current()?.traceId.toString();
  },

  /** The value that travels with the trace under this key; `undefined` outside a trace, too. */
  correlation(key: string): string | undefined {
    return current()?.correlation?.get(key);
  },

  /**
   * Adds a value that travels with the trace to every service that it reaches from here. An empty value removes the key.
   * @returns false outside a trace, and where it does not fit in: three pairs of 128 characters each
   */
  correlate(key: string, value: string): boolean {
    const trace = current();
    if (!trace) return false;
    const pairs = withPair(trace.correlation, truncate(key, LIMITS.value), truncate(value, LIMITS.value));
    if (!pairs) return false;
    trace.correlation = pairs;
    return true;
  },
};

function current(): Segment | UnrecordedTrace | undefined {
  const scope = context.getStore();
  if (scope === undefined || scope === untraced) return undefined;
  return scope instanceof Span ? scope.segment : scope;
}
