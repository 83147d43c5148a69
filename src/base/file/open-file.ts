import type { BigIntStats } from 'node:fs';
import { constants, lstat, open, type FileHandle } from 'node:fs/promises';

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
export interface FileFacts {
  readonly type: 'file' | 'directory' | 'fifo' | 'socket' | 'device' | 'other';
  readonly links: number;
  readonly owner: number;
  readonly mode: bigint;
  readonly size: number;
}
