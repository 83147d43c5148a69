import type { Stats } from 'node:fs';
import { access, constants, lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTrusted, isWritableByOthers, type Trust } from './breach-of-trust';

const STICKY = 0o1000;

/**
 * The rule that a directory above the file breaks, like sshd's StrictModes: who may write in one can put another file
 * in our file's place. Every directory on the way counts, on the path as it was given and as it resolves.
 */
export async function breachOfParents(path: string, trust: Trust): Promise<string | undefined> {
  if (trust.uid === undefined) return undefined;
  const given = dirname(path);
  const directories = new Set([...upwards(given), ...upwards(await realpath(given))]);
  for (const directory of directories) {
    const breach = breachOf(directory, await lstat(directory), trust);
    if (breach !== undefined && !(await isReadOnly(directory))) return breach;
  }
  return undefined;
}

function breachOf(directory: string, stats: Stats, trust: Trust): string | undefined {
  if (!isTrusted(stats.uid, trust)) return `lies below ${directory}, which belongs to user ${stats.uid}`;
  // A link's own mode means nothing; who may replace it is said by the directory that it lies in.
  if (stats.isSymbolicLink()) return undefined;
  // In a sticky directory, such as /tmp, only the owner of a file may rename or remove it.
  if (isWritableByOthers(stats.mode) && (stats.mode & STICKY) === 0)
    return `lies below ${directory}, where others may write; mend it with: chmod go-w ${directory}`;
  return undefined;
}

/** Where nothing can be written nobody can write. A Kubernetes ConfigMap is 0777 and mounted read-only. */
async function isReadOnly(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function upwards(directory: string): string[] {
  const all = [directory];
  for (let at = directory; dirname(at) !== at;) all.push((at = dirname(at)));
  return all;
}
