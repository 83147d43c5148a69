import { isWritableByOthers } from '../base/path-walk';

/** What `fstat` tells of an open file. */
export interface FileFacts {
  readonly type: 'file' | 'directory' | 'fifo' | 'socket' | 'device' | 'other';
  readonly links: number;
  readonly owner: number;
  readonly mode: bigint;
  readonly size: number;
}

/** Whom we trust. */
export interface Trust {
  /** Our own user; undefined where there are no owners and modes (Windows). */
  readonly uid: number | undefined;
  readonly owners: readonly number[];
}

/** Of the whole file. */
export const LARGEST_BYTES = 1024 * 1024;

/**
 * The rule that a file breaks, in words for the log; undefined: none. The file decides what runs inside somebody's
 * production process, so nobody but root, this user and those named may have written it.
 */
export function breachOfTrust(path: string, facts: FileFacts, trust: Trust): string | undefined {
  const { type, links, owner, mode, size } = facts;
  if (type !== 'file') return `is not a regular file but a ${type}`;
  if (links > 1) return `has ${links} hard links, expected one`;
  if (trust.uid !== undefined) {
    if (!isTrusted(owner, trust))
      return `belongs to user ${owner}, expected root, this user or one of commandFileOwners`;
    if (isWritableByOthers(mode)) return `may be written by its group or by others; mend it with: chmod go-w ${path}`;
  }
  if (size > LARGEST_BYTES) return `is larger than ${LARGEST_BYTES} bytes`;
  return undefined;
}

export function isTrusted(owner: number, { uid, owners }: Trust): boolean {
  return owner === 0 || owner === uid || owners.includes(owner);
}
