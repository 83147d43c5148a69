import { types } from 'node:util';
import { byValues, IN_SEGMENT, joined, literal, parameter, SEGMENTS, type PathPiece } from './path-pieces';

/** A pattern with one of these may match more segments than it has, or fewer. */
export const IS_ELASTIC = /[*+?(){}[\]\\]/;
const PARAMETER = /^:(\w+)$/;
/** An application or a router may be mounted within itself. */
const MAX_DEPTH = 16;

type Params = Readonly<Record<string, unknown>>;

type Matcher = (path: string) => false | { readonly path: string; readonly params: Params };

/**
 * An entry of a router. `matchers` and `rawPath` are express 5's, the latter since router 2.3: a path, a regular
 * expression or a list of these, one for each matcher. `regexp` is express 4's.
 */
interface RouterLayer {
  readonly handle?: { readonly stack?: unknown; readonly name?: unknown };
  readonly route?: unknown;
  readonly slash?: unknown;
  readonly matchers?: readonly Matcher[];
  readonly rawPath?: unknown;
  readonly regexp?: RegExp & { readonly fast_slash?: unknown };
  readonly keys?: readonly { readonly name: string | number }[];
}

interface Application {
  readonly parent?: Application;
  readonly _router?: { readonly stack?: unknown };
  readonly router?: { readonly stack?: unknown };
}

interface Matched {
  /** What the layer takes of the path. */
  readonly text: string;
  readonly piece: PathPiece;
}

/** A router's layers, and the applications that are mounted below, from the outside in. */
interface Level {
  readonly stack: readonly RouterLayer[];
  readonly apps: readonly Application[];
  readonly depth: number;
}

/**
 * The mounts on the way to a route, found in the application's own tree of routers: `baseUrl` says `/users/12`, and the
 * layer that has taken this knows its pattern, or its parameters at least. Routers tell their routes of the parameters
 * of a mount only where they are told to merge them.
 * @returns `undefined` where the tree does not show the route: a function of the application's own calls the router
 */
export function mountOf(route: object, app: unknown, base: string): PathPiece | undefined {
  const level = levelOf(app);
  const found = level && wayTo(route, level, base);
  return found && joined(found);
}

/** The first mount at a parameter that has taken this path. @param isWhole all of it */
export function parameterMount(app: unknown, path: string, isWhole: boolean): PathPiece | undefined {
  const level = levelOf(app);
  const found = level && wayToParameter(level, path, isWhole);
  return found && joined(found);
}

function wayTo(route: object, level: Level, rest: string): PathPiece[] | undefined {
  for (const layer of level.stack) {
    if (layer.route === route && rest === '') return [];
    const next = levelBelow(level, layer);
    const matched = next && matchedBy(layer, rest);
    const way = matched && wayTo(route, next, rest.slice(matched.text.length));
    if (way) return [matched.piece, ...way];
  }
  return undefined;
}

function wayToParameter(level: Level, rest: string, isWhole: boolean): PathPiece[] | undefined {
  for (const layer of level.stack) {
    const asked = layer.route !== undefined ? undefined : isWhole ? rest : quicklyMatched(layer, rest);
    const matched = asked === undefined ? undefined : matchedBy(layer, asked);
    if (!matched) continue;
    const left = rest.slice(matched.text.length);
    if (matched.piece.name !== matched.text && (left === '' || !isWhole)) return [matched.piece];
    const next = levelBelow(level, layer);
    const way = next && wayToParameter(next, left, isWhole);
    if (way) return [matched.piece, ...way];
  }
  return undefined;
}

/** `app` is the application that has the request now. */
function levelOf(app: unknown): Level | undefined {
  const apps: Application[] = [];
  for (let one = app as Application | undefined; one && apps.length < MAX_DEPTH; one = one.parent) apps.unshift(one);
  return levelIn(apps, 0);
}

function levelIn([app, ...apps]: readonly Application[], depth: number): Level | undefined {
  const stack = app && routerOf(app)?.stack;
  return Array.isArray(stack) ? { stack: stack as RouterLayer[], apps, depth } : undefined;
}

/** The first is express 4's, which throws where it is asked for the second. */
function routerOf(app: Application): Application['router'] {
  try {
    return app._router ?? app.router;
  } catch {
    return undefined;
  }
}

function levelBelow({ apps, depth }: Level, { handle }: RouterLayer): Level | undefined {
  if (depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(handle?.stack)) return { stack: handle.stack as RouterLayer[], apps, depth: depth + 1 };
  // How express calls the function by which it mounts an application.
  return handle?.name === 'mounted_app' ? levelIn(apps, depth + 1) : undefined;
}

function matchedBy(layer: RouterLayer, path: string): Matched | undefined {
  const { slash, regexp, matchers, rawPath } = layer;
  if (slash === true || regexp?.fast_slash === true) return { text: '', piece: literal('') };
  if (regexp) return matchedByRegexp(regexp, layer.keys ?? [], path);
  for (const [n, matcher] of (matchers ?? []).entries()) {
    const pattern: unknown = Array.isArray(rawPath) ? rawPath[n] : rawPath;
    const match = types.isRegExp(pattern) ? fromStart(pattern, matcher, path) : resultOf(matcher, path);
    if (match === false) continue;
    const text = trimmed(match.path);
    return { text, piece: pattern === undefined ? byValues(text, match.params) : byPattern(text, pattern) };
  }
  return undefined;
}

/** A matcher throws at a malformed value, with which express answers 400. It takes a path of the same length as well. */
function resultOf(matcher: Matcher, path: string): ReturnType<Matcher> {
  try {
    return matcher(path);
  } catch {
    return matcher(path.replaceAll('%', '_'));
  }
}

/** A global or sticky expression goes on from where it stands, and leaves off elsewhere: express sees it as it was. */
function fromStart(expression: RegExp, matcher: Matcher, path: string): ReturnType<Matcher> {
  if (!expression.global && !expression.sticky) return resultOf(matcher, path);
  const { lastIndex } = expression;
  expression.lastIndex = 0;
  try {
    return resultOf(matcher, path);
  } finally {
    expression.lastIndex = lastIndex;
  }
}

/** One character that is no slash, as express 4 writes it: `[^\/]`, and since 4.20 `(?:(?!\/|-).)` behind another parameter. */
const NO_SLASH = /\[\^\\?\/(?:\\.|[^\]\\])*\]|\(\?:\(\?!\\?\/\|(?:\\.|[^)\\+*{])*\)\.\)/g;
const END = /(?:\\\/\?)?\(\?=\\\/\|\$\)/g;
const ESCAPED = /\\[^/]/g;
/** Between the expressions of a list of paths. */
const NEXT = /\|(?=\^)/;
const REPEATED_GROUP = /\)[+*{]/;
const SLASH = /\\\/(?![?*+{)|])/;
/** With one of these a slash may be there or not, or is only looked at. */
const MAY_LACK_SLASH = /[[|]|\)\?|\(\?[=!<]/;
const MOST_STEPS = 512 ** 2;
/** What old versions of path-to-regexp, before 8.4, may try at each length: a `*`, and a parameter before one. */
const OF_ANY_LENGTH = /\*|:(?=[^/]*\*)/g;
/** Where it does not show what a path is compared with: the cube of this is as much. */
const MOST_CHARACTERS = 64;

/** A path of `n` characters is matched, or not, in about `n ** degree * 2 ** choices` steps. */
interface Effort {
  readonly degree: number;
  readonly choices: number;
}

const efforts = new WeakMap<RouterLayer, readonly Effort[]>();

/**
 * What of a path a layer is asked for which express itself may never ask, where a function before the mount has refused
 * the request; `undefined`: the layer is passed over. An expression may try every way to share a path out among its
 * parameters: before express 4.20 for `/:a-:b-:c` the steps grow as the cube of the path, and with one of the
 * application's own they may double with each character.
 */
function quicklyMatched(layer: RouterLayer, path: string): string | undefined {
  const { slash, matchers, regexp, rawPath } = layer;
  if (slash === true) return path;
  const pattern = regexp ?? rawPath;
  if (pattern === undefined) return matchers?.every(isOfPath) === true ? beginningOf(path) : undefined;
  let known = efforts.get(layer);
  if (!known) efforts.set(layer, (known = [pattern].flat().flatMap(effortsOf)));
  const isQuick = known.every(({ degree, choices }) => path.length ** degree * 2 ** choices <= MOST_STEPS);
  return isQuick ? path : undefined;
}

/** Until router 2.3 it does not show whether a matcher is of a path or of an expression, but by what each calls it. */
function isOfPath({ name }: Matcher): boolean {
  return name === 'match';
}

/** A mount takes the first segments of a path, and mostly those are short. */
function beginningOf(path: string): string {
  return path.length <= MOST_CHARACTERS ? path : path.slice(0, Math.max(0, path.lastIndexOf('/', MOST_CHARACTERS)));
}

function effortsOf(pattern: unknown): readonly Effort[] {
  if (types.isRegExp(pattern)) return pattern.source.split(NEXT).map(effortOf);
  if (typeof pattern !== 'string') return [{ degree: Infinity, choices: 0 }];
  // The parser makes two expressions of a group that may be absent.
  return [{ degree: Math.max(1, countOf(OF_ANY_LENGTH, pattern)), choices: countOf(/\{/g, pattern) }];
}

/** Rather too much than too little. */
function effortOf(source: string): Effort {
  const text = source.replace(NO_SLASH, '~').replace(END, '').replace(ESCAPED, '_');
  if (REPEATED_GROUP.test(text)) return { degree: Infinity, choices: 0 };
  const segments = MAY_LACK_SLASH.test(text) ? [text] : text.split(SLASH);
  const inSegment = Math.max(...segments.map((segment) => countOf(/~[+*]/g, segment)));
  const across = countOf(/[^~][+*]|\{/g, text);
  const start = /^(?:\(\?:)?\^/.test(text) ? 0 : 1;
  return { degree: start + inSegment + across, choices: countOf(/[^(+*?}]\?|\|/g, text) };
}

function countOf(what: RegExp, text: string): number {
  return text.match(what)?.length ?? 0;
}

/** Express 4: the groups of the expression are its parameters. */
function matchedByRegexp(regexp: RegExp, keys: NonNullable<RouterLayer['keys']>, path: string): Matched | undefined {
  // Most do not match, and one that says where its groups are has to be made.
  if (!regexp.global && !regexp.sticky && !regexp.test(path)) return undefined;
  const match = new RegExp(regexp.source, `${regexp.flags.replace(/[dgy]/g, '')}d`).exec(path);
  if (match?.index !== 0) return undefined;
  const text = trimmed(match[0]);
  const pieces: PathPiece[] = [];
  let at = 0;
  for (const [n, { name }] of keys.entries()) {
    const [start, end] = match.indices?.[n + 1] ?? [at, at];
    if (start < at || start === end || end > text.length) continue;
    const value = { name: typeof name === 'number' ? '*' : `:${name}`, source: '.+' };
    const isInSegment = !text.slice(start, end).includes('/');
    pieces.push(literal(text.slice(at, start)), isInSegment ? { ...value, source: IN_SEGMENT } : value);
    at = end;
  }
  pieces.push(literal(text.slice(at)));
  return { text, piece: joined(pieces) };
}

/** The pattern itself is the name; what else it covers is told where it is a list of segments. */
function byPattern(text: string, pattern: unknown): PathPiece {
  const name = trimmed(String(pattern));
  if (typeof pattern !== 'string' || IS_ELASTIC.test(pattern)) return { ...literal(text), name };
  const pieces = name.split(SEGMENTS).map((segment) => {
    const own = PARAMETER.exec(segment.slice(1))?.[1];
    return own === undefined ? literal(segment).source.replace(/:\w+/g, IN_SEGMENT) : `/${parameter(own).source}`;
  });
  return { name, source: pieces.join('') };
}

/** Express has `baseUrl` without the slash at its end. */
function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
