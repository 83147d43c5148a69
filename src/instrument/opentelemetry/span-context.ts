import { CompactId, type Id } from '../../model/ids';
import type { Span } from '../../model/segment';
import type { IncomingHeaders } from '../../tracing/propagation/headers';
import type { OtelSpanContext } from './api-types';

/** On a span context of ours: what it stands for. Enumerable, so that it survives a spread. */
const ORIGIN = Symbol('skyanchor.origin');

/** A span of this process, or the headers that another one sent. */
type Origin = { readonly span: Span } | { readonly headers: IncomingHeaders };

interface OwnSpanContext extends OtelSpanContext {
  readonly [ORIGIN]?: Origin;
}

const SAMPLED = 1;
export const INVALID_SPAN_CONTEXT: OtelSpanContext = Object.freeze({
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  traceFlags: 0,
});

/** Marks a trace id as one of ours: 8 + 5 + 12 + 4 digits of it are the id's four numbers. */
const MARK = '5a1';

export function spanContextOf(span: Span): OwnSpanContext {
  const { segmentId, traceId } = span.segment;
  const of =
    segmentId instanceof CompactId ? hex(segmentId.millis, 8) + hex(segmentId.sequence, 4) : hashOf(segmentId, 12);
  return {
    traceId: traceIdOf(traceId),
    spanId: of + hex(span.spanId, 4),
    traceFlags: SAMPLED,
    [ORIGIN]: { span },
  };
}

/** The decision of the other process; W3C has no other words for it than these. */
export function remoteSpanContext(
  headers: IncomingHeaders,
  traceId: Id,
  segmentId: Id,
  spanId: number,
): OwnSpanContext {
  return {
    traceId: traceIdOf(traceId),
    spanId: hashOf(segmentId, 12) + hex(spanId, 4),
    traceFlags: SAMPLED,
    isRemote: true,
    [ORIGIN]: { headers },
  };
}

/** The span of ours that a span context, or a copy of it, is of. */
export function spanIn(context: unknown): Span | undefined {
  const origin = originIn(context);
  return origin && 'span' in origin ? origin.span : undefined;
}

/** The carrier that brought a span context. */
export function headersIn(context: unknown): IncomingHeaders | undefined {
  const origin = originIn(context);
  return origin && 'headers' in origin ? origin.headers : undefined;
}

function originIn(context: unknown): Origin | undefined {
  return propertyOf(context, ORIGIN) as Origin | undefined;
}

/** A property of whatever the application passes. Never throws. */
export function propertyOf(owner: unknown, key: string | symbol): unknown {
  try {
    return owner === null || owner === undefined ? undefined : (owner as Record<string | symbol, unknown>)[key];
  } catch {
    return undefined;
  }
}

function traceIdOf(id: Id): string {
  if (id instanceof CompactId)
    return hex(id.first, 8) + hex(id.second, 5) + hex(id.millis, 12) + hex(id.sequence, 4) + MARK;
  const text = id.toString();
  return /^(?!0+$)[\da-f]{32}$/.test(text) ? text : hashOf(id, 32);
}

/** The last digits, where a number has more. */
function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0').slice(-digits);
}

/** FNV-1a, eight digits at a time. An id of zeros would be none. */
function hashOf(id: Id, digits: number): string {
  const text = id.toString();
  let hashed = '';
  for (let round = 0; hashed.length < digits; round++) {
    let hash = 0x811c9dc5 ^ round;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hashed += hex(hash >>> 0 || 1, 8);
  }
  return hashed.slice(0, digits);
}
