import { MemoizedLast } from '../../base/memoized';
import type { ClientRequest } from 'node:http';

/** `host:port`, and `[::1]:port` where the host is an IPv6 address. */
export function hostPort(host: string, port: number | string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

const authority = new MemoizedLast((host: string, port: unknown) => hostPort(host, String(port)));

type Located = Pick<ClientRequest, 'host'> & { readonly socketPath?: unknown };

/** Where a request goes to, `host:port`; `unix:/path` for a socket file. */
export function httpPeerOf(request: Located, port: unknown): string {
  const { socketPath } = request;
  if (typeof socketPath === 'string' && socketPath !== '') return `unix:${socketPath}`;
  return authority.get(request.host, port);
}

/** A request does not keep its port; where we do not know it, its `Host` header has it unless the caller wrote that header. */
export function guessedPort(request: ClientRequest): string | number {
  const host = request.getHeader('host');
  if (typeof host === 'string') {
    const before = hostPort(request.host, '');
    if (host.length > before.length && host.startsWith(before)) return host.slice(before.length);
  }
  return defaultPortOf(request);
}

/** The agent knows better than the protocol. */
export function defaultPortOf({
  agent,
  protocol: scheme,
}: {
  readonly agent?: unknown;
  readonly protocol?: unknown;
}): string | number {
  const { defaultPort } = (agent ?? {}) as { readonly defaultPort?: string | number };
  return defaultPort ?? (scheme === 'https:' ? 443 : 80);
}
