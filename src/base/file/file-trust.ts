import { isWritableByOthers } from './path-walk';
import type { FileFacts } from './open-file';

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
