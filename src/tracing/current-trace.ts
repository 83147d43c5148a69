import { context, untraced } from './context';
import { withPair } from './propagation/correlation';
import { LIMITS } from '../model/limits';
import { truncate } from '../base/text';
import type { Segment } from '../model/segment';

/** The trace that the caller's work is part of. */
export const currentTrace = {
  /** `undefined` outside a trace. */
  id(): string | undefined {
    return currentSegment()?.traceId.toString();
  },

  /** The value that travels with the trace under this key; `undefined` outside a trace, too. */
  correlation(key: string): string | undefined {
    return currentSegment()?.correlation?.get(key);
  },

  /**
   * Adds a value that travels with the trace to every service that it reaches from here. An empty value removes the key.
   * @returns false outside a trace, and where it does not fit in: three pairs of 128 characters each
   */
  correlate(key: string, value: string): boolean {
    const segment = currentSegment();
    if (!segment) return false;
    const pairs = withPair(segment.correlation, truncate(key, LIMITS.value), truncate(value, LIMITS.value));
    if (!pairs) return false;
    segment.correlation = pairs;
    return true;
  },
};

function currentSegment(): Segment | undefined {
  const scope = context.getStore();
  return scope === undefined || scope === untraced ? undefined : scope.segment;
}
