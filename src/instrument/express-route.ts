import { Mounts } from './mounts';
import { parseTarget } from './target';

/** What express has on a request beside the route. Each of these, asked for, is a miss in V8's caches on Node 20. */
interface Express {
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly params?: unknown;
}

/** A pattern with one of these may match more segments than it has, or fewer. */
const IS_ELASTIC = /[*+?(){}[\]\\]/;
const SLASH = 0x2f;

/** By route: express makes each once. */
const mountsOfRoutes = new WeakMap<object, Mounts>();

/** The route's pattern behind that of the router it is in. */
export function expressName(request: Express, route: object, pattern: string, path: string): string {
  const base = baseOf(request, pattern, path);
  if (base === '') return pattern;
  let mounts = mountsOfRoutes.get(route);
  if (mounts === undefined) mountsOfRoutes.set(route, (mounts = new Mounts(pattern)));
  return mounts.nameAt(base) ?? mounts.learn(base, request.params);
}

/**
 * The path at which the route's router is mounted, as text. That is `baseUrl`, until the router hands the request on,
 * with an error or without: then express has `baseUrl` as it was before and leaves the route. So they have to be as long
 * as the path. If they are not, the pattern is laid on the end of what is routed now; not of the path that came, of which
 * an application may have taken a part off for good.
 */
function baseOf(request: Express, pattern: string, path: string): string {
  const { baseUrl } = request;
  const base = typeof baseUrl === 'string' ? baseUrl : '';
  if (depthOf(base) + depthOf(pattern) === depthOf(path) || IS_ELASTIC.test(pattern)) return base;
  return beforePattern(base + parseTarget(request.url).path, pattern) ?? base;
}

/** The number of segments. */
function depthOf(path: string): number {
  let depth = 0;
  let previous = SLASH;
  for (let n = 0; n < path.length; n++) {
    const code = path.charCodeAt(n);
    if (previous === SLASH && code !== SLASH) depth++;
    previous = code;
  }
  return depth;
}

/** @returns `undefined` where the pattern does not fit the end of the path */
function beforePattern(path: string, pattern: string): string | undefined {
  const segments = path.split('/').filter(Boolean);
  const expected = pattern.split('/').filter(Boolean);
  const rest = segments.splice(segments.length - expected.length);
  if (rest.length < expected.length) return undefined;
  for (const [n, segment] of expected.entries()) {
    // As express compares by default: regardless of case.
    if (!segment.includes(':') && segment.toLowerCase() !== rest[n]?.toLowerCase()) return undefined;
  }
  return segments.length === 0 ? '' : `/${segments.join('/')}`;
}
