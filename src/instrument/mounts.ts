/** So many mounts of one router are taken as they are. */
const FEW = 8;
/** Those in which what differs has become a star come on top. */
const MANY = 16;
const SLASH = 0x2f;
const COLON = 0x3a;
const STAR = 0x2a;
const PARAMETERS = /:\w+/g;
const DIGIT = /^\d/;

interface Mount {
  readonly path: string;
  readonly name: string;
}

/**
 * Where the router of one route was seen mounted, and the route's name there. Express tells the path, `/users/12`, and
 * keeps the pattern `/users/:uid` in a regular expression. So the pattern is told by the parameters, which the route's
 * request has where its router merges them. Where it has none, names shall be few all the same, and true: the first
 * paths are taken for so many routers' own, and from then on segments that differ are a star, `/users/*`.
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
    if (this.mounts.length >= MANY) return this.nameOf('/*');
    const segments = withParameters(base.split('/'), params, this.pattern);
    if (this.mounts.length >= FEW) for (const mount of this.mounts) putStars(segments, mount.path.split('/'));
    const path = segments.join('/');
    const name = this.nameOf(path);
    this.mounts.push({ path, name });
    return name;
  }

  private nameOf(path: string): string {
    return this.pattern === '/' ? path : path + this.pattern;
  }
}

/** From the end on, since of `/user/:name` the literal may be a value, too; without those that the route itself has. */
function withParameters(segments: readonly string[], params: unknown, pattern: string): string[] {
  const own = pattern.match(PARAMETERS) as string[] | null;
  // A client may send what looks like a parameter, and it would cover all others.
  const named = segments.map((segment) => (isAny(segment, 0) ? '*' : segment));
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

function putStars(segments: string[], mount: readonly string[]): void {
  if (mount.length !== segments.length) return;
  for (let n = 1; n < mount.length; n++) if (mount[n] !== segments[n]) segments[n] = '*';
}

/** Segment by segment the same, but for parameters and stars. */
function covers(mount: string, base: string): boolean {
  let m = 0;
  let b = 0;
  while (m < mount.length && b < base.length) {
    if (mount.charCodeAt(m) !== base.charCodeAt(b)) return false;
    const isSlash = mount.charCodeAt(m++) === SLASH;
    b++;
    if (!isSlash || !isAny(mount, m)) continue;
    m = endOfSegment(mount, m);
    b = endOfSegment(base, b);
  }
  return m === mount.length && b === base.length;
}

function isAny(mount: string, at: number): boolean {
  const code = mount.charCodeAt(at);
  return code === COLON || code === STAR;
}

function endOfSegment(path: string, from: number): number {
  const end = path.indexOf('/', from);
  return end === -1 ? path.length : end;
}
