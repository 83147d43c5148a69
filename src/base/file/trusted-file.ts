import { isWritableByOthers, walkPath, type Sight, type Sights, type Step } from './path-walk';
import type { BigIntStats } from 'node:fs';
import { constants, lstat, open, type FileHandle, readlink, stat } from 'node:fs/promises';

/** Whom we trust. */
export interface FileTrust {
  /** Our own user; undefined where there are no owners and modes (Windows). */
  readonly uid: number | undefined;
  readonly owners: readonly number[];
}

/** Limits the whole file. */
export const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The rule that a file breaks, in words for the log; undefined: none. The file decides what runs inside a
 * production process, so only root, this user and those named may have written it.
 */
export function violatedFileRule(path: string, facts: FileFacts, trust: FileTrust): string | undefined {
  const { type, links, owner, mode, size } = facts;
  if (type !== 'file') return `is not a regular file but a ${type}`;
  if (links > 1) return `has ${links} hard links, expected one`;
  if (trust.uid !== undefined) {
    if (!isTrusted(owner, trust))
      return `belongs to user ${owner}, expected root, this user or one of commandFileOwners`;
    if (isWritableByOthers(mode)) return `may be written by its group or by others; mend it with: chmod go-w ${path}`;
  }
  if (size > MAX_FILE_BYTES) return `is larger than ${MAX_FILE_BYTES} bytes`;
  return undefined;
}

export function isTrusted(owner: number, { uid, owners }: FileTrust): boolean {
  return owner === 0 || owner === uid || owners.includes(owner);
}

// Windows has neither.
const { O_NOFOLLOW, O_NONBLOCK }: Partial<typeof constants> = constants;

/**
 * Never through a link, and never waiting: opening a FIFO the usual way blocks a thread of the pool until data is
 * written, and four of them freeze all file access and DNS of the process. Fails with ELOOP on a link, everywhere.
 */
export async function openFile(path: string, flags: number, mode?: number): Promise<FileHandle> {
  if (O_NOFOLLOW === undefined && !(flags & constants.O_EXCL) && (await lstat(path)).isSymbolicLink())
    throw Object.assign(new Error('is a symbolic link'), { code: 'ELOOP' });
  return open(path, flags | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0), mode);
}

export function factsOf(stats: BigIntStats): FileFacts {
  return {
    type: typeOf(stats),
    links: Number(stats.nlink),
    owner: Number(stats.uid),
    mode: stats.mode,
    size: Number(stats.size),
  };
}

/** Two states of a file that differ in nothing of this are the same state. */
export function stateKeyOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

function typeOf(stats: BigIntStats): FileFacts['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'device' : 'other';
}

/** What `fstat` tells of an open file. */
interface FileFacts {
  readonly type: 'file' | 'directory' | 'fifo' | 'socket' | 'device' | 'other';
  readonly links: number;
  readonly owner: number;
  readonly mode: bigint;
  readonly size: number;
}

/**
 * Every directory and link on the way to a file, and the file; without an end where something on it has gone. It ends at
 * a link that the path rule refuses, since the owner of that link chooses how long the rest is.
 */
export async function wayTo(path: string, trust: FileTrust): Promise<readonly Step[]> {
  return walk(path, trust, async (next) => {
    try {
      return await look(next);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** The same; rejects where something on the way has gone. @param seen what was seen lately */
export async function wholeWayTo(path: string, trust: FileTrust, seen: Sights = new Map()): Promise<readonly Step[]> {
  return walk(path, trust, async (next) => {
    const sight = seen.get(next) ?? (await look(next));
    seen.set(next, sight);
    return sight;
  });
}

/**
 * What `stat` says of a path; undefined where there is nothing, or a link that the path rule refuses is on the way. The
 * kernel would follow that wherever its owner leads it, through links of a hundred thousand names.
 */
export async function statTrusted(path: string, trust: FileTrust, seen: Sights): Promise<BigIntStats | undefined> {
  try {
    if (trust.uid === undefined) return await stat(path, { bigint: true });
    const end = (await wholeWayTo(path, trust, seen)).at(-1);
    return end?.target === undefined ? end?.stats : undefined;
  } catch {
    return undefined;
  }
}

async function walk(
  path: string,
  trust: FileTrust,
  lookAt: (next: string) => Promise<Sight | undefined>,
): Promise<readonly Step[]> {
  const steps = walkPath(path, (owner) => isTrusted(Number(owner), trust));
  let next = steps.next();
  while (!next.done) next = steps.next(await lookAt(next.value));
  return next.value;
}

/**
 * The way to a directory that is written in. Rejects where a link on it belongs to another user, who could choose by it
 * where we write.
 */
export async function wayForWriting(directory: string, trust: FileTrust): Promise<readonly Step[]> {
  const way = await wayTo(directory, trust);
  const foreign = way.find(({ stats, target }) => target !== undefined && !isTrusted(Number(stats.uid), trust));
  if (foreign) throw new Error(`the link ${foreign.path} on the way to it belongs to user ${foreign.stats.uid}`);
  return way;
}

async function look(path: string): Promise<Sight> {
  const stats = await lstat(path, { bigint: true });
  return { stats, target: stats.isSymbolicLink() ? await readlink(path) : undefined };
}
