import { SpanType } from './vocabulary';
import type { Span } from './segment';

/** As agents of 8 and later name an endpoint: an HTTP request by method and path. */
export function v3EndpointName({ type, method, operationName }: Span): string {
  return type === SpanType.entry && method !== '' ? `${method}:${operationName}` : operationName;
}
