/**
 * The route by which a framework handles a request, `/orders/:id` instead of `/orders/7`: what keeps endpoint names few.
 * Express leaves it on the request: the path of the mounted router and the pattern. A pattern that is no string (a
 * regular expression, a list) is no name; then it stays with the path.
 */
export function routeOf(request: unknown): string | undefined {
  const { route, baseUrl } = request as { route?: { path?: unknown } | null; baseUrl?: unknown };
  const path = route?.path;
  if (typeof path !== 'string' || path === '') return undefined;
  const base = typeof baseUrl === 'string' ? baseUrl : '';
  return path === '/' && base !== '' ? base : base + path;
}
