import { lstat, readlink } from 'node:fs/promises';
import { isTrusted, type FileTrust } from './file-trust';
import { walkPath, type Sight, type Step } from './path-walk';

/**
 * Every directory and link on the way to a file, and the file; without an end where something on it has gone. It ends at
 * a link that the path rule refuses, since the owner of that link chooses how long the rest is.
 */
export async function wayTo(path: string, trust: FileTrust): Promise<readonly Step[]> {
  const walk = walkPath(path, (owner) => isTrusted(Number(owner), trust));
  let next = walk.next();
  while (!next.done) next = walk.next(await look(next.value));
  return next.value;
}

async function look(path: string): Promise<Sight | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    return { stats, target: stats.isSymbolicLink() ? await readlink(path) : undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
