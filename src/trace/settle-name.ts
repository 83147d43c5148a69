import { LIMIT } from './limit';
import { text } from './text';
import type { Span } from './segment';

/** From here on the span's name is what others know its work by, and stays. */
export function settleName(span: Span): void {
  if (span.isNameSettled) return;
  span.isNameSettled = true;
  const name = span.naming?.currentName(span.operationName);
  if (name !== undefined) span.operationName = text(name, LIMIT.name);
  // It leads to the request, and a segment may wait for long.
  span.naming = undefined;
}
