/** The route on a request, where a framework's own request alone would have it. */
export const ROUTE = Symbol('skyanchor.route');

export interface Routed {
  [ROUTE]?: string;
}

/**
 * The route by which a framework handles a request, `/orders/:id` instead of `/orders/7`: what keeps endpoint names few.
 * Express leaves it on the request: the path of the mounted router and the pattern. A pattern that is no string (a
 * regular expression, a list) is no name; then it stays with the path.
 */
export function routeOf(request: unknown): string | undefined {
  const { route, baseUrl, [ROUTE]: noted } = request as Express & Routed;
  if (noted !== undefined && noted !== '') return noted;
  const path = route?.path;
  if (typeof path !== 'string' || path === '') return undefined;
  const base = typeof baseUrl === 'string' ? baseUrl : '';
  return path === '/' && base !== '' ? base : base + path;
}

interface Express {
  readonly route?: { readonly path?: unknown } | null;
  readonly baseUrl?: unknown;
}
