import { expressMountName, expressName } from './express';
import { byValues } from './path-pieces';

/** The route on a request, where a framework's own request alone would have it. */
const ROUTE = Symbol('skyanchor.route');
/** One was noted on some request: where none ever is, it is not looked for. */
let isAnyNoted = false;

/** A route, or what finds it later. */
type Route = string | (() => string | undefined);

interface Routed {
  [ROUTE]?: Route;
}

export function noteRoute(request: object, route: Route): void {
  isAnyNoted = true;
  (request as Routed)[ROUTE] = route;
}

/**
 * The route by which a framework handles a request of this path, `/orders/:id` instead of `/orders/7`: what keeps
 * endpoint names few. Express leaves its route on the request, and so does restify; polka the parameters alone.
 */
export function routeOf(request: object, path: string): string | undefined {
  const noted = isAnyNoted ? (request as Routed)[ROUTE] : undefined;
  const known = typeof noted === 'function' ? noted() : noted;
  if (known !== undefined && known !== '') return known;
  const { route } = request as { readonly route?: { readonly path?: unknown } | null };
  if (route) return expressName(request, route, path);
  const { app } = request as { readonly app?: unknown };
  if (typeof app === 'function') return expressMountName(request, app, path);
  const { params } = request as { readonly params?: unknown };
  return params ? nameByValues(path, params) : undefined;
}

function nameByValues(path: string, params: unknown): string | undefined {
  const { name } = byValues(path, params);
  return name === path ? undefined : name;
}
