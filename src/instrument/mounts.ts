/** So many are kept for a route; a router is rarely mounted more often. */
const MOST = 16;
const SLASH = 0x2f;
const COLON = 0x3a;
const PARAMETERS = /:\w+/g;
const DIGIT = /^\d/;

interface Mount {
  readonly path: string;
  readonly name: string;
}

/**
 * Where the router of one route was seen mounted, and the route's name there. Express tells the path, `/users/12`, and
 * keeps the pattern `/users/:uid` in a regular expression. So the pattern is told by the parameters, which the route's
 * request has where its router merges them; where it does not, nothing tells, and the path is taken as it is.
 */
export class Mounts {
  private readonly mounts: Mount[] = [];

  constructor(private readonly pattern: string) {}

  /** Asked for each request, so it makes nothing. */
  nameAt(base: string): string | undefined {
    for (const mount of this.mounts) if (covers(mount.path, base)) return mount.name;
    return undefined;
  }

  /** The name at a path that no mount covers so far. */
  learn(base: string, params: unknown): string {
    const segments = base.split('/');
    // A client may send what looks like a parameter, and it would stand for all others.
    const isKept = this.mounts.length < MOST && !segments.some((segment) => isParameter(segment, 0));
    const path = withParameters(segments, params, this.pattern).join('/');
    const name = this.pattern === '/' ? path : path + this.pattern;
    if (isKept) this.mounts.push({ path, name });
    return name;
  }
}

/** From the end on, since of `/user/:name` the literal may be a value, too; without those that the route itself has. */
function withParameters(segments: readonly string[], params: unknown, pattern: string): string[] {
  const own = pattern.match(PARAMETERS) as string[] | null;
  const named = [...segments];
  let end = segments.length;
  for (const [name, value] of Object.entries(params ?? {}).reverse()) {
    // A number is a group of a regular expression's.
    if (own?.includes(`:${name}`) || DIGIT.test(name)) continue;
    const at = segments.findLastIndex((segment, n) => n > 0 && n < end && decoded(segment) === value);
    if (at === -1) continue;
    named[at] = `:${name}`;
    end = at;
  }
  return named;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Segment by segment the same, but for parameters. */
function covers(mount: string, base: string): boolean {
  let m = 0;
  let b = 0;
  while (m < mount.length && b < base.length) {
    if (mount.charCodeAt(m) !== base.charCodeAt(b)) return false;
    const isSlash = mount.charCodeAt(m++) === SLASH;
    b++;
    if (!isSlash || !isParameter(mount, m)) continue;
    m = endOfSegment(mount, m);
    b = endOfSegment(base, b);
  }
  return m === mount.length && b === base.length;
}

function isParameter(path: string, at: number): boolean {
  return path.charCodeAt(at) === COLON;
}

function endOfSegment(path: string, from: number): number {
  const end = path.indexOf('/', from);
  return end === -1 ? path.length : end;
}
