import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { noteRoute } from './route';
import { SCOPE, type Scoped } from './scoped';
import type { Undo } from './patch';

/** Fastify 5 says here that it is about to call a route's handler. Earlier ones say nothing of the kind. */
const HANDLER = 'tracing:fastify.request.handler:start';

interface Message {
  readonly request: { readonly raw: Scoped };
  readonly route: { readonly url: unknown };
}

/** Fastify knows the route on a request of its own kind only, so it is noted on Node's. */
export function fastifyRoute(): Undo {
  subscribe(HANDLER, note);
  return () => void unsubscribe(HANDLER, note);
}

function note(message: unknown): void {
  try {
    const { request, route } = message as Message;
    if (request.raw[SCOPE] !== undefined && typeof route.url === 'string') noteRoute(request.raw, route.url);
  } catch {
    // Not what fastify publishes. Thrown, it would end the process.
  }
}
