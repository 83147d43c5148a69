import { expressMountName, expressName } from './express-route';

/** The route on a request, where a framework's own request alone would have it. */
const ROUTE = Symbol('skyanchor.route');
/** One was noted on some request: where none ever is, it is not looked for. */
let isAnyNoted = false;

interface Routed {
  [ROUTE]?: string;
}

export function noteRoute(request: object, route: string): void {
  isAnyNoted = true;
  (request as Routed)[ROUTE] = route;
}

/**
 * The route by which a framework handles a request of this path, `/orders/:id` instead of `/orders/7`: what keeps
 * endpoint names few. Express leaves its route on the request, and so does restify.
 */
export function routeOf(request: unknown, path: string): string | undefined {
  const noted = isAnyNoted ? (request as Routed)[ROUTE] : undefined;
  if (noted !== undefined && noted !== '') return noted;
  const { route } = request as { readonly route?: { readonly path?: unknown } | null };
  return route ? expressName(request as object, route, path) : expressMountName(request as object, path);
}
