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
 * The route by which a framework handles a request, `/orders/:id` instead of `/orders/7`: what keeps endpoint names few.
 * Express leaves it on the request: the path of the mounted router and the pattern. A pattern that is no string (a
 * regular expression, a list) is no name; then it stays with the path.
 */
export function routeOf(request: unknown): string | undefined {
  const noted = isAnyNoted ? (request as Routed)[ROUTE] : undefined;
  if (noted !== undefined && noted !== '') return noted;
  const path = (request as Express).route?.path;
  if (typeof path !== 'string' || path === '') return undefined;
  const { baseUrl } = request as Express;
  const base = typeof baseUrl === 'string' ? baseUrl : '';
  return path === '/' && base !== '' ? base : base + path;
}

interface Express {
  readonly route?: { readonly path?: unknown } | null;
  readonly baseUrl?: unknown;
}
