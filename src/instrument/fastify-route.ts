import { hear } from './hear';
import { noteRoute } from './route';
import { SCOPE, type Scoped } from './scoped';
import type { Undo } from './patch';

/**
 * Fastify 5 says here that it is about to call a route's handler. Earlier ones say nothing of the kind, and none says so
 * of a request that a hook, the parser or the schema answers first: that one is named by its path. Nothing leads from
 * Node's request to fastify's, and a hook of our own on each instance would cost every request and be seen by the host.
 */
const HANDLER = 'tracing:fastify.request.handler:start';

interface Message {
  readonly request: { readonly raw: Scoped };
  readonly route: { readonly url: unknown };
}

/** Fastify knows the route on a request of its own kind only, so it is noted on Node's. */
export function fastifyRoute(): Undo {
  return hear(HANDLER, note);
}

function note(message: unknown): void {
  try {
    const { request, route } = message as Message;
    if (request.raw[SCOPE] !== undefined && typeof route.url === 'string') noteRoute(request.raw, route.url);
  } catch {
    // Not what fastify publishes. Thrown, it would end the process.
  }
}
