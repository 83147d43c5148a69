import { copyOf } from '../../base/text';
import { LIMITS } from '../../model/limits';
import { IN_SEGMENT, type PathPiece } from './path-pieces';

/** The most that are kept for a route; a router is rarely mounted more often. */
const MOST = 16;
/** In the place of a mount that is one of too many, or too long. */
const ANY = '/*';
/** A caller makes a path as long as a request's head may be. What is kept of it, and what comparing it costs, is bounded. */
const LONGEST = LIMITS.name;

/** What a parameter has in a source. In literal text each such character is escaped. */
const WILDCARD = /(\[\^\/\]\+|\.\+)/;
const ESCAPED = /\\(.)/gs;

const SLASH = 0x2f;

/** Takes one character and more. */
interface Wildcard {
  readonly takesSlashes: boolean;
  /** It can end only where its segment does. */
  readonly isLastOfSegment: boolean;
}

/** Text is as it is. */
type Part = string | Wildcard;

interface Mount {
  readonly path: string;
  readonly parts: readonly Part[];
  readonly name: string;
}

/** Where the routers of one route were seen mounted, and the route's name there. */
export class MountNames {
  private readonly mounts: Mount[] = [];
  private readonly anyName: string;

  constructor(readonly pattern: string) {
    this.anyName = ANY + pattern;
  }

  /** Asked for each request, so it makes nothing. */
  nameAt(base: string): string | undefined {
    if (base.length > LONGEST) return this.anyName;
    for (const mount of this.mounts) if (mount.path === base || isCovered(base, mount.parts)) return mount.name;
    return this.mounts.length < MOST ? undefined : this.anyName;
  }

  /** The name at a path for which there is none so far. @param piece what that path is */
  learn(base: string, { name, source }: PathPiece): string {
    const full = this.pattern === '/' ? name : name + this.pattern;
    // A pattern that does not say what it covers is found again for each path.
    if (this.mounts.some((mount) => mount.name === full)) return full;
    // Copies: a path is a part of a target, which may be long.
    this.mounts.push({ path: copyOf(base), parts: partsOf(copyOf(source)), name: copyOf(full) });
    return full;
  }
}

function partsOf(source: string): Part[] {
  const sources = source.split(WILDCARD).filter(Boolean);
  return sources.map((one, n) => {
    if (!WILDCARD.test(one)) return one.replace(ESCAPED, '$1');
    const takesSlashes = one !== IN_SEGMENT;
    const next = sources[n + 1];
    return { takesSlashes, isLastOfSegment: !takesSlashes && (next === undefined || next.startsWith('/')) };
  });
}

function isCovered(path: string, parts: readonly Part[]): boolean {
  let at = 0;
  for (let n = 0; n < parts.length; n++) {
    const part = parts[n] as Part;
    if (typeof part === 'string') {
      if (!hasTextAt(path, at, part)) return false;
      at += part.length;
    } else if (part.isLastOfSegment) {
      const start = at;
      while (at < path.length && path.charCodeAt(at) !== SLASH) at++;
      if (at === start) return false;
    } else {
      return isCoveredFrom(path, at, parts, n);
    }
  }
  return at === path.length;
}

/** Whether the parts so far can end at an index of the path. Comparing is synchronous, so one serves all paths. */
const ends = new Uint8Array(LONGEST + 1);

/**
 * A regular expression would try every way to share a path out among its wildcards: for `/:a-:b-:c` time grows as the
 * cube of the path. This follows all ways at once, in a pass over the path for each part.
 */
function isCoveredFrom(path: string, start: number, parts: readonly Part[], first: number): boolean {
  ends.fill(0, 0, path.length + 1);
  ends[start] = 1;
  for (let n = first; n < parts.length; n++) {
    const part = parts[n] as Part;
    const hasEnd = typeof part === 'string' ? passText(path, part) : passWildcard(path, part.takesSlashes);
    if (!hasEnd) return false;
  }
  return ends[path.length] === 1;
}

function passWildcard(path: string, takesSlashes: boolean): boolean {
  let hasEnd = false;
  let isOpen = false;
  for (let at = 0; at <= path.length; at++) {
    const isStart = ends[at] === 1;
    ends[at] = isOpen ? 1 : 0;
    hasEnd ||= isOpen;
    isOpen = (isOpen || isStart) && (takesSlashes || path.charCodeAt(at) !== SLASH);
  }
  return hasEnd;
}

function passText(path: string, text: string): boolean {
  let hasEnd = false;
  // From the last index on: whether a part ends at one is told by an index before it.
  for (let at = path.length; at >= 0; at--) {
    const start = at - text.length;
    const isEnd = start >= 0 && ends[start] === 1 && hasTextAt(path, start, text);
    ends[at] = isEnd ? 1 : 0;
    hasEnd ||= isEnd;
  }
  return hasEnd;
}

/** Regardless of case, as express compares by default. */
function hasTextAt(path: string, start: number, text: string): boolean {
  for (let n = 0; n < text.length; n++) {
    const code = path.charCodeAt(start + n);
    const expected = text.charCodeAt(n);
    if (code !== expected && inLowerCase(code) !== inLowerCase(expected)) return false;
  }
  return true;
}

/** A path has letters of other alphabets encoded. */
function inLowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
