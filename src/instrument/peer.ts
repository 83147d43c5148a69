import { hostPort } from './host-port';
import type { ClientRequest } from 'node:http';

/** How a request was asked for. */
export interface Call {
  /** The first two arguments of `http.request`: URL, options, callback, in any of their mixes. */
  readonly input: unknown;
  readonly options: unknown;
  /** Of the module that was called. */
  readonly defaultPort: number;
}

/** Where a request goes to, `host:port`; `unix:/path` for a socket file. */
export function peerOf(request: ClientRequest, call: Call): string {
  const { socketPath } = request as { socketPath?: unknown };
  if (typeof socketPath === 'string' && socketPath !== '') return `unix:${socketPath}`;
  return hostPort(request.host, portOf(request, call));
}

/**
 * By Node's own rules, since the request does not tell: an option overrides the URL, even with nothing, and what is
 * missing comes from the agent, which knows better than the module (`http.request` with an agent for https).
 */
function portOf(request: ClientRequest, { input, options, defaultPort }: Call): string {
  const overriding = optionsOf(options);
  const asked = typeof input === 'string' ? new URL(input) : optionsOf(input);
  const port = overriding && Object.hasOwn(overriding, 'port') ? overriding.port : asked?.port;
  const { agent } = request as { agent?: Ports };
  return String(port || overriding?.defaultPort || (asked as Ports)?.defaultPort || agent?.defaultPort || defaultPort);
}

type Ports = { readonly port?: string | number; readonly defaultPort?: string | number } | undefined;

/** A callback is none. */
function optionsOf(argument: unknown): Ports {
  return typeof argument === 'object' && argument !== null ? argument : undefined;
}
