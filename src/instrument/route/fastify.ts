import { subscribeTo } from '../subscribe';
import { noteRoute } from './route';
import { SCOPE, type Scoped } from '../scoped';
import type { Undo } from '../patch';

/** Fastify 3.21 and later publish every new instance here, before it has any route. */
const CREATED = 'fastify.initialization';
/** Fastify 5 publishes here before it calls a route's handler, also for an instance that was created before us. */
const HANDLER = 'tracing:fastify.request.handler:start';

interface Request {
  readonly raw: Scoped;
  /** Since 4.10. */
  readonly routeOptions?: { readonly url?: unknown };
  readonly routerPath?: unknown;
}

interface Instance {
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): void;
}

/**
 * Fastify knows the route on a request of its own kind only, so it is noted on Node's, by a hook before all others: a
 * request that one of these answers, the parser or the schema, has a route, too.
 */
export function fastifyRoutes(): Undo {
  let isOn = true;
  const unheard = subscribeTo(HANDLER, handled);
  const undos = [
    unheard,
    subscribeTo(CREATED, (message) => {
      try {
        const { fastify } = message as { readonly fastify: Instance };
        fastify.addHook('onRequest', (request, _reply, done) => {
          if (isOn) note(request);
          done();
        });
        // A subscriber costs fastify more than the hook does.
        unheard();
      } catch {
        // Not what fastify publishes.
      }
    }),
  ];
  return () => {
    isOn = false;
    for (const undo of undos) undo();
  };
}

function handled(message: unknown): void {
  const { request, route } = (message ?? {}) as {
    readonly request?: Request;
    readonly route?: Request['routeOptions'];
  };
  if (request) note(request, route);
}

function note(request: Request, route?: Request['routeOptions']): void {
  try {
    if (request.raw[SCOPE] === undefined) return;
    const known = route ?? request.routeOptions;
    const url = known === undefined ? request.routerPath : known.url;
    if (typeof url === 'string') noteRoute(request.raw, url);
  } catch {
    // Not fastify's. Thrown, it would end the process.
  }
}
