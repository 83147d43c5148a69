import { context, untraced, type Scope } from '../../tracing/context';
import { Span } from '../../model/segment';
import type { TraceIds } from '../../model/telemetry';

/** Lines come several to a span: those ids are made once. */
let lastScope: Scope | undefined;
let lastTraceId: unknown;
let lastIds: TraceIds | undefined;

/** The ids of the trace that runs now; `undefined` outside of one. The same object as long as they are the same. */
export function traceIdsOfNow(): TraceIds | undefined {
  const scope = context.getStore();
  if (scope === undefined || scope === untraced) return undefined;
  const { traceId } = scope instanceof Span ? scope.segment : scope;
  // The trace of a consumer's segment is known with its first message.
  if (scope === lastScope && traceId === lastTraceId) return lastIds;
  lastScope = scope;
  lastTraceId = traceId;
  lastIds =
    scope instanceof Span
      ? { traceId: traceId.toString(), segmentId: scope.segment.segmentId.toString(), spanId: scope.spanId }
      : { traceId: traceId.toString() };
  return lastIds;
}
