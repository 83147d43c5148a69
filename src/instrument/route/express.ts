import { IS_ELASTIC, mountOf, parameterMount } from './express-mounts';
import { MountNames } from './mount-names';
import { byValues, type PathPiece } from './path-pieces';
import { LIMITS } from '../../model/limits';
import { parseTarget, withoutUsers } from '../http/http-url';

/** What express has on a request beside the route. Each of these, asked for, is a miss in V8's caches on Node 20. */
interface Express {
  readonly app?: unknown;
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly params?: unknown;
  readonly res?: { readonly headersSent?: unknown; readonly statusCode?: unknown };
}

const PARAMETERS = /:\w+/g;
const SLASH = 0x2f;

/** By route: express makes each once. One for each pattern, where a route has a list of them. */
const mountsOfRoutes = new WeakMap<object, MountNames[]>();

/** The route's pattern behind those of the routers it is in. */
export function expressName(request: Express, route: { readonly path?: unknown }, path: string): string | undefined {
  const pattern = patternOf(request, route.path, path);
  if (pattern === '') return undefined;
  const base = baseOf(request, pattern, path);
  if (base === '') return pattern;
  const mounts = mountsOf(route, pattern);
  const known = mounts.nameAt(base);
  if (known !== undefined) return known;
  const own = pattern.match(PARAMETERS) as string[] | null;
  const isOther = (name: string): boolean => own?.includes(`:${name}`) !== true;
  return mounts.learn(base, shown(mountOf(route, request.app, base) ?? byValues(base, request.params, isOther), base));
}

/**
 * The name of a request that no route has answered: by the mount at a parameter that it has come to, at which a function
 * has answered it (`app.use('/tenants/:tid', guard)`), or to which it would have come, had it not failed before. The
 * latter compares a path with what express has not: the expressions of old versions take seconds for a long one.
 */
export function expressMountName(request: Express, app: unknown, path: string): string | undefined {
  const base = mountedAt(request);
  if (base !== '') {
    const mount = parameterMount(app, base, true);
    return mount && shown(mount, base).name;
  }
  const { res } = request;
  const hasFailed = res?.headersSent === true && Number(res.statusCode) >= 400;
  return hasFailed && path.length <= LIMITS.name ? parameterMount(app, path, false)?.name : undefined;
}

/**
 * `baseUrl` is as it came, and what no pattern covers of it is text of the name. Only where it has a user, since a
 * pattern of the application's may look as if it had one: `/^\/([a-z]+)@/`.
 */
function shown(mount: PathPiece, base: string): PathPiece {
  return withoutUsers(base) === base ? mount : { ...mount, name: withoutUsers(mount.name) };
}

function mountsOf(route: object, pattern: string): MountNames {
  let all = mountsOfRoutes.get(route);
  if (all === undefined) mountsOfRoutes.set(route, (all = []));
  for (const mounts of all) if (mounts.pattern === pattern) return mounts;
  const made = new MountNames(pattern);
  all.push(made);
  return made;
}

/** As text. In a list the first that fits counts; a regular expression is a name, too, and one is enough for all it matches. */
function patternOf(request: Express, pattern: unknown, path: string): string {
  if (typeof pattern === 'string') return pattern;
  if (pattern instanceof RegExp) return String(pattern);
  if (!Array.isArray(pattern)) return '';
  const all = (pattern as unknown[]).flat(Infinity).map((one) => patternOf(request, one, path));
  return all.find((one) => beforePattern(path, one) !== undefined) ?? all.join();
}

/**
 * The path at which the route's router is mounted, as text. That is `baseUrl`, until the router hands the request on,
 * with an error or without: then express has `baseUrl` as it was before and leaves the route. So they have to be as long
 * as the path. If they are not, the pattern is laid on the end of what is routed now; not of the path that came, of which
 * an application may have taken a part off for good.
 */
function baseOf(request: Express, pattern: string, path: string): string {
  const base = mountedAt(request);
  if (depthOf(base) + depthOf(pattern) === depthOf(path) || IS_ELASTIC.test(pattern)) return base;
  return beforePattern(base + parseTarget(request.url).path, pattern) ?? base;
}

/** `baseUrl`, where it is a path as express has it: sails keeps scheme and the caller's `Host` header there. */
function mountedAt({ baseUrl }: Express): string {
  return typeof baseUrl === 'string' && baseUrl.startsWith('/') ? baseUrl : '';
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
