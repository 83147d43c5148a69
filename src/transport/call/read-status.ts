import type { IncomingHttpHeaders } from 'node:http2';
import { statusName, type StatusName } from './grpc-status';

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
