import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import {
  isEndOf,
  isReplaceableByOthers,
  isWritableByOthers,
  walkPath,
  type Sight,
  type Step,
} from '../../base/file/path-walk';

/** Why a file that was found, and not named, is not obeyed. */
interface Refusal {
  /** `foreign`: another user may have put it there. `open`: it is ours, and others may write it. */
  readonly kind: 'foreign' | 'open';
  readonly rule: string;
}

/** Who may decide what the main script does, by its file and by the directories and links on the way to it. */
interface Writers {
  readonly owners: ReadonlySet<bigint>;
  /** Groups that may write. */
  readonly groups: ReadonlySet<bigint>;
  /** All users may write. */
  readonly all: boolean;
}

/**
 * The rule that a file breaks which was found beside a package.json. It names the backend that gets the token and the
 * file that commands come from, so the rules of the command file hold: its owner, and the owner of each directory and
 * link on the way, is root or this user, and no other may write.
 *
 * The main script is the measure: a user or group that may write the running script controls the process already, and
 * may write this file too. So a checkout with a umask of 002, and files of uid 1000 in a container that runs as root, are
 * heard.
 *
 * @param file absolute
 * @param opened what the descriptor is that is read; undefined: it cannot be opened
 * @returns undefined: it breaks none
 */
export function refusalOf(
  file: string,
  opened: BigIntStats | undefined,
  mainScript: string | undefined,
): Refusal | undefined {
  const uid = process.geteuid?.();
  // Windows has no owners and modes.
  if (uid === undefined) return undefined;
  const writers = writersOf(mainScript === undefined ? [] : wayTo(mainScript));
  const owners = new Set([0n, BigInt(uid), ...writers.owners]);
  const way = wayTo(file, (owner) => owners.has(owner));
  const foreign = way.find(({ stats }) => !owners.has(stats.uid));
  if (foreign) {
    const what = foreign.path === file ? 'belongs' : `is reached by ${foreign.path}, which belongs`;
    return { kind: 'foreign', rule: `${what} to user ${foreign.stats.uid}, expected root or this user` };
  }
  // After its owners: a link of another user that leads nowhere is that user's.
  if (opened && !isEndOf(way, opened)) return { kind: 'foreign', rule: 'has just been replaced' };
  const linked = way.find(({ stats, isInShared }) => isInShared && !stats.isDirectory() && stats.nlink > 1n);
  if (linked) return { kind: 'foreign', rule: `has ${linked.stats.nlink} hard links where others may make them` };
  const open = way.find((step) => isOpen(step, writers));
  if (!open) return undefined;
  const where = open.path === file ? 'may be written' : `is reached by ${open.path}, which may be written`;
  return { kind: 'open', rule: `${where} by its group or by others; mend it with: chmod go-w ${open.path}` };
}

function isOpen({ stats, target }: Step, { groups, all }: Writers): boolean {
  if (all || target !== undefined || !isWritable(stats)) return false;
  return (stats.mode & 0o002n) !== 0n || !groups.has(stats.gid);
}

/** In a sticky directory others may add a file, but replace none. */
function isWritable(stats: BigIntStats): boolean {
  return stats.isDirectory() ? isReplaceableByOthers(stats.mode) : isWritableByOthers(stats.mode);
}

function writersOf(way: readonly Step[]): Writers {
  const writable = way
    .filter(({ stats, target }) => target === undefined && isWritable(stats))
    .map(({ stats }) => stats);
  return {
    owners: new Set(way.map(({ stats }) => stats.uid)),
    groups: new Set(writable.filter(({ mode }) => (mode & 0o020n) !== 0n).map(({ gid }) => gid)),
    all: writable.some(({ mode }) => (mode & 0o002n) !== 0n),
  };
}

/** As far as it exists: for `node server`, which means `server.js`, the directories count. */
function wayTo(file: string, mayFollow?: (owner: bigint) => boolean): readonly Step[] {
  const walk = walkPath(file, mayFollow);
  let next = walk.next();
  while (!next.done) next = walk.next(look(next.value));
  return next.value;
}

function look(path: string): Sight | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return { stats, target: stats.isSymbolicLink() ? readlinkSync(path) : undefined };
  } catch {
    return undefined;
  }
}
