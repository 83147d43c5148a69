import type { Segment } from '../../trace/segment';
import type { Span } from '../../trace/span';
import { SpanType } from '../../trace/vocabulary';
import type { Cursor } from '../message/cursor';
import { decodePairs } from '../message/decode-pairs';
import { decodeSpan } from '../message/decode-span';
import { Fields } from '../message/fields';
import { takeTags } from '../message/take-tags';
import { readRef } from './decode-ref';

const FIELDS = { spanType: 8, spanLayer: 9, componentId: 10, isError: 11, logs: 13 };

/** A `SpanObject`; its segment learns from it whether it counts in the metrics. */
export function readSpan(message: Cursor, segment: Segment): Span {
  const fields = new Fields(message);
  const span = decodeSpan(segment, fields, FIELDS);
  span.peer = fields.text(7);
  const refs = fields.all(5);
  if (refs.length > 0) span.refs = refs.map(readRef);
  takeName(span, fields);
  if (fields.isSet(14)) segment.skipsAnalysis = true;
  return span;
}

/** The method stands before the name of a request: it was put there, and will be put there again. */
function takeName(span: Span, fields: Fields): void {
  const name = fields.text(6);
  const prefixOf = (method: string): string => (span.type === SpanType.entry && method !== '' ? `${method}:` : '');
  takeTags(span, decodePairs(fields.all(12)), 'http.status_code', (method) => name.startsWith(prefixOf(method)));
  span.operationName = name.slice(prefixOf(span.method).length);
}
