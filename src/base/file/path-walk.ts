import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import { isAbsolute, join, parse, sep } from 'node:path';

/** What `lstat` says of a path, and where it leads if it is a link. */
export interface Sight {
  readonly stats: BigIntStats;
  /** Undefined: it is no link. */
  readonly target: string | undefined;
}

/** What was seen lately, by path, for one look at many files that lie together: each directory is looked at once. */
export type Sights = Map<string, Sight>;

/** A directory or a link on the way to a file, or, as the last one, the file itself. */
export interface Step extends Sight {
  readonly path: string;
  /** It lies in a directory in which others may write. */
  readonly isInShared: boolean;
}

/** As many as Linux follows. */
const MAX_LINKS = 40;
/** A link holds 4,096 bytes, so forty of them can ask for 30,000 looks. No path that an operator gives has this many. */
const MAX_STEPS = 1_024;
const STICKY = 0o1000n;

/**
 * Every directory and every link on the way to a file, from the root on, in the order in which the kernel takes them.
 * `realpath` leaves the links out, and with them their owners.
 *
 * Yields each path to look at and takes what is there, or undefined, which ends the walk: the caller decides whether it
 * looks synchronously, and what it makes of a way without an end. One with too many links has none either.
 *
 * @param path absolute
 * @param mayFollow whether the owner of a link is trusted; a link of another user is the last step
 */
export function* walkPath(
  path: string,
  mayFollow: (owner: bigint) => boolean = () => true,
): Generator<string, Step[], Sight | undefined> {
  const { root } = parse(path);
  const steps: Step[] = [];
  const shared = new Set<string>();
  const names = ['.', ...path.slice(root.length).split(sep)];
  let links = 0;
  let at = root;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const here = join(at, name);
    // Only the root is looked at by itself; what `.` and `..` lead to has been looked at.
    if (steps.length > 0 && (name === '' || name === '.' || name === '..')) {
      at = here;
      continue;
    }
    const sight = yield here;
    if (!sight) return steps;
    const { stats, target } = sight;
    steps.push({ path: here, stats, target, isInShared: shared.has(at) });
    if (target === undefined) {
      at = here;
      if (isWritableByOthers(stats.mode)) shared.add(here);
      continue;
    }
    if (!mayFollow(stats.uid) || ++links > MAX_LINKS || steps.length > MAX_STEPS) return steps;
    if (isAbsolute(target)) at = root;
    names.unshift(...target.split(sep));
  }
  // A link to `.` or `..` leads to a directory that was on the way already.
  const end = steps.findLast((step) => step.path === at);
  if (end && end !== steps.at(-1)) steps.push(end);
  return steps;
}

/**
 * Where nothing can wait: every directory and link on the way to a file, and the file, as far as it exists and can be
 * looked at.
 */
export function wayToNow(
  file: string,
  mayFollow?: (owner: bigint) => boolean,
  seen: Sights = new Map(),
): readonly Step[] {
  const walk = walkPath(file, mayFollow);
  let next = walk.next();
  while (!next.done) next = walk.next(seen.get(next.value) ?? lookNow(next.value, seen));
  return next.value;
}

function lookNow(path: string, seen: Sights): Sight | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    const sight = { stats, target: stats.isSymbolicLink() ? readlinkSync(path) : undefined };
    seen.set(path, sight);
    return sight;
  } catch {
    return undefined;
  }
}

/** Whether the group or others may write. For a directory: whether they may add a name. */
export function isWritableByOthers(mode: bigint): boolean {
  return (mode & 0o022n) !== 0n;
}

/** Whether others may put another file in the place of one in this directory. In a sticky one, only its owner may. */
export function isReplaceableByOthers(mode: bigint): boolean {
  return isWritableByOthers(mode) && (mode & STICKY) === 0n;
}

/** Whether the way led to this very file. */
export function isEndOf(steps: readonly Step[], file: BigIntStats): boolean {
  const end = steps.at(-1)?.stats;
  return end !== undefined && end.dev === file.dev && end.ino === file.ino;
}
