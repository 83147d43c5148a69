import type { Undo } from '../patch';
import { expressMountName, expressName } from './express';
import { byValues } from './path-pieces';

/** Next.js 13.5 and later note here, on Node's request, what they know of it; in every bundle of theirs the same. */
const META = Symbol.for('NextInternalRequestMeta');

interface NextRequest {
  readonly [META]?: {
    readonly match?: { readonly definition?: { readonly pathname?: unknown } };
  };
}

/** The page or the route handler, `/orders/[id]`; `/_not-found` where there is none. */
function nextRoute(request: object): string | undefined {
  const pathname = (request as NextRequest)[META]?.match?.definition?.pathname;
  return typeof pathname === 'string' && pathname !== '' ? pathname : undefined;
}

/** The route on a request, where a framework's own request alone would have it. */
const ROUTE = Symbol('skyanchor.route');
/** One was noted on some request: where none ever is, it is not looked for. */
let isAnyNoted = false;

/** Whether what express (and restify) leave on a request is read, and whether what polka leaves is. */
let isExpressRead = false;
let isPolkaRead = false;

/** A route, or what finds it later. */
type Route = string | (() => string | undefined);

interface Routed {
  [ROUTE]?: Route;
}

export function noteRoute(request: object, route: Route): void {
  isAnyNoted = true;
  (request as Routed)[ROUTE] = route;
}

/** Express leaves its route on Node's request, and so do the frameworks built on it, and restify. */
export function expressRoutes(): Undo {
  isExpressRead = true;
  return () => {
    isExpressRead = false;
  };
}

/** Polka leaves the parameters on Node's request, without the route. */
export function polkaRoutes(): Undo {
  isPolkaRead = true;
  return () => {
    isPolkaRead = false;
  };
}

/**
 * The route by which a framework handles a request of this path, `/orders/:id` instead of `/orders/7`: what keeps
 * endpoint names few.
 */
export function routeOf(request: object, path: string): string | undefined {
  const noted = isAnyNoted ? (request as Routed)[ROUTE] : undefined;
  const known = typeof noted === 'function' ? noted() : noted;
  if (known !== undefined && known !== '') return known;
  const { route } = request as { readonly route?: { readonly path?: unknown } | null };
  if (route) return isExpressRead ? expressName(request, route, path) : undefined;
  const page = nextRoute(request);
  if (page !== undefined) return page;
  const { app } = request as { readonly app?: unknown };
  if (typeof app === 'function') return isExpressRead ? expressMountName(request, app, path) : undefined;
  const { params } = request as { readonly params?: unknown };
  return params && isPolkaRead ? nameByValues(path, params) : undefined;
}

function nameByValues(path: string, params: unknown): string | undefined {
  const { name } = byValues(path, params);
  return name === path ? undefined : name;
}
