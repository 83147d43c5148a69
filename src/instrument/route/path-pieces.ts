import { firstKeys } from '../../base/first-keys';

const SPECIAL = /[\\^$.*+?()[\]{}|]/g;
/** Where the segments of a path begin. */
export const SEGMENTS = /(?=\/)/;
/**
 * A parameter of a route, or the wildcard of polka's; not a group of a regular expression's, which has no name. No
 * invisible character, and none that only directs the text: a caller may choose the names, too.
 */
const NAME = /^(?!\d)(?:\*|(?:(?!\p{Default_Ignorable_Code_Point})[\p{ID_Continue}$~:.-]){1,64})$/u;

/** More than the path of a route has. */
const MAX_SEGMENTS = 256;
const MAX_PARAMETERS = 32;

/** The source of what takes one character and more of a segment. */
export const IN_SEGMENT = '[^/]+';

/** A part of a path, or the whole of it. */
export interface PathPiece {
  /** The name that is shown: `/users/:uid`. */
  readonly name: string;
  /** What covers every path of this name: escaped text, `[^/]+` and `.+`, as a regular expression has them. */
  readonly source: string;
}

export function literal(text: string): PathPiece {
  return { name: text, source: text.replace(SPECIAL, '\\$&') };
}

export function parameter(name: string): PathPiece {
  return { name: `:${name}`, source: IN_SEGMENT };
}

export function joined(pieces: readonly PathPiece[]): PathPiece {
  return { name: pieces.map(({ name }) => name).join(''), source: pieces.map(({ source }) => source).join('') };
}

/**
 * By the values that the parameters have in it, from the end on, since of `/user/:name` the literal may be a value, too.
 * A path of very many segments is left as it is, since a caller can fill one with them; one that is long for a value, such as a
 * token, is not.
 */
export function byValues(text: string, params: unknown, isOther: (name: string) => boolean = () => true): PathPiece {
  const segments = text.split(SEGMENTS, MAX_SEGMENTS + 1);
  if (segments.length > MAX_SEGMENTS) return literal(text);
  const pieces = segments.map(literal);
  const values = decodedValues(segments);
  let end = pieces.length;
  // A router that we do not know may put into them what a caller has sent.
  for (const name of firstKeys(params, MAX_PARAMETERS).reverse()) {
    const { [name]: value } = params as Readonly<Record<string, unknown>>;
    if (!NAME.test(name) || !isOther(name)) continue;
    const at = values.findLastIndex((decodedValue, n) => n < end && decodedValue === value);
    if (at === -1) continue;
    const own = parameter(name);
    pieces[at] = { name: `/${own.name}`, source: `/${own.source}` };
    end = at;
  }
  return joined(pieces);
}

/** The rest of a path with more than these is left as it is: to throw is slow, and a caller can fill a path with them. */
const MAX_MALFORMED = 4;

/** The segments as frameworks decode a value. One that is malformed is none. */
function decodedValues(segments: readonly string[]): readonly string[] {
  let malformed = 0;
  return segments.map((segment) => {
    const text = segment.slice(1);
    if (malformed === MAX_MALFORMED || !text.includes('%')) return text;
    try {
      return decodeURIComponent(text);
    } catch {
      malformed++;
      return text;
    }
  });
}
