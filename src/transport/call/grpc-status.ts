import type { IncomingHttpHeaders } from 'node:http2';
import { failed, type Failed, retryable, type Retryable } from '../../base/outcome';
import { printable } from '../../base/text';

const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** gRPC's names of its status codes. */
export type StatusName = (typeof NAMES)[number];

/** A code that gRPC does not know counts as UNKNOWN. */
export function statusName(code: number): StatusName {
  return NAMES[code] ?? 'UNKNOWN';
}

export function isStatus(code: unknown): boolean {
  return typeof code === 'number' && NAMES[code] !== undefined;
}

/** Says nothing about what was asked: the backend was not reached, or had no time for it. */
const RETRYABLE: ReadonlySet<StatusName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'RESOURCE_EXHAUSTED',
]);

/** This backend is better left for the next of the list. After an overdue answer the connection may be half open. */
const FAIL_OVER: ReadonlySet<StatusName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'UNAUTHENTICATED',
  // A later version, or no receiver at all; another address of the list may be one.
  'UNIMPLEMENTED',
]);

export function shouldFailOver(name: StatusName): boolean {
  return FAIL_OVER.has(name);
}

/** The outcome of a question that was answered by anything but OK. */
export function toOutcome(name: StatusName, details: string): Retryable | Failed {
  const reason = details === '' ? name : `${name}: ${printable(details)}`;
  return RETRYABLE.has(name) ? retryable(reason) : failed(name, reason);
}

export interface GrpcStatus {
  readonly name: StatusName;
  readonly details: string;
  /** A gRPC server said so. */
  readonly isAnswered?: boolean;
}

interface UnaryResponse {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  /** HTTP/2's code of how the stream was closed; 0: nothing was wrong with it. */
  readonly rstCode: number;
  readonly isConnectionLost: boolean;
}

/** What gRPC makes of HTTP status codes that should not have come (`http-grpc-status-mapping.md`). */
const OF_HTTP: Readonly<Record<number, StatusName>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** What gRPC makes of HTTP/2's error codes: REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY. */
const OF_RST: Readonly<Record<number, StatusName>> = {
  7: 'UNAVAILABLE',
  8: 'CANCELLED',
  11: 'RESOURCE_EXHAUSTED',
  12: 'PERMISSION_DENIED',
};

/** The status of a call. OK only if a gRPC server said so. */
export function readStatus({ headers, trailers, rstCode, isConnectionLost }: UnaryResponse): GrpcStatus {
  const http = headers[':status'] === undefined ? undefined : Number(headers[':status']);
  const type = headers['content-type'];
  if (http !== undefined && http !== 200) {
    return { name: OF_HTTP[http] ?? 'UNKNOWN', details: `answered HTTP status ${http}` };
  }
  if (http === 200 && !type?.startsWith('application/grpc')) {
    return { name: 'UNKNOWN', details: `answered content type ${type ?? '(none)'}, which is not gRPC` };
  }
  const status = trailers['grpc-status'] ?? headers['grpc-status'];
  if (typeof status === 'string') {
    const message = trailers['grpc-message'] ?? headers['grpc-message'];
    const code = /^\d{1,2}$/.test(status) ? Number(status) : NaN;
    const details = typeof message === 'string' ? decode(message) : '';
    return { name: statusName(code), details, isAnswered: true };
  }
  if (isConnectionLost) return { name: 'UNAVAILABLE', details: 'the connection was lost' };
  if (rstCode !== 0) return { name: OF_RST[rstCode] ?? 'INTERNAL', details: `reset with HTTP/2 code ${rstCode}` };
  return { name: 'UNKNOWN', details: 'ended without a status' };
}

/** `grpc-message` is percent-encoded. */
function decode(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
