import { copyOf } from '../../base/text';
import type { PathPiece } from './path-pieces';

/** The most that are kept for a route; a router is rarely mounted more often. */
const MOST = 16;
/** In the place of a mount that is one of too many. */
const ANY = '/*';

interface Mount {
  readonly path: string;
  readonly covers: RegExp;
  readonly name: string;
}

/** Where the routers of one route were seen mounted, and the route's name there. */
export class MountNames {
  private readonly mounts: Mount[] = [];

  constructor(readonly pattern: string) {}

  /** Asked for each request, so it makes nothing. */
  nameAt(base: string): string | undefined {
    for (const mount of this.mounts) if (mount.path === base || mount.covers.test(base)) return mount.name;
    return this.mounts.length < MOST ? undefined : ANY + this.pattern;
  }

  /** The name at a path that no mount covers so far. @param piece what that path is */
  learn(base: string, { name, source }: PathPiece): string {
    const full = this.pattern === '/' ? name : name + this.pattern;
    // A pattern that does not say what it covers is found again for each path.
    if (this.mounts.some((mount) => mount.name === full)) return full;
    // Regardless of case, as express compares by default. Copies: a path is a part of a target, which may be long.
    this.mounts.push({ path: copyOf(base), covers: new RegExp(`^${source}$`, 'i'), name: copyOf(full) });
    return full;
  }
}
