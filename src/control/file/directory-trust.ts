import { access, constants, lstat, readlink } from 'node:fs/promises';
import { isReplaceableByOthers, walkPath, type Sight, type Step } from '../../base/file/path-walk';
import { isTrusted, type Trust } from '../../base/file/file-trust';

/**
 * Every directory and link on the way to a file, and the file; without an end where something on it has gone. It ends at
 * a link that the path rule refuses, since the owner of that link chooses how long the rest is.
 */
export async function wayTo(path: string, trust: Trust): Promise<readonly Step[]> {
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

/**
 * The rule that the way to a file breaks, like sshd's StrictModes: a user who may write in a directory, or owns one, can
 * put another file in the file's place; the owner of a link chooses which file it leads to.
 *
 * @param trustDirectory the rules for directories do not count; that for links does
 */
export async function violatedPathRule(
  way: readonly Step[],
  trust: Trust,
  trustDirectory: boolean,
): Promise<string | undefined> {
  for (const step of way) {
    if (step.target !== undefined) {
      const breach = breachOfLink(step, trust);
      if (breach !== undefined) return breach;
    } else if (!trustDirectory) {
      const breach = breachOfDirectory(step, trust);
      if (breach !== undefined && !(await isReadOnly(step.path))) return breach;
    }
  }
  return undefined;
}

function breachOfLink({ path, stats, isInShared }: Step, trust: Trust): string | undefined {
  if (!isTrusted(Number(stats.uid), trust))
    return `is reached by the link ${path}, which belongs to user ${stats.uid}, expected root, this user or one of commandFileOwners`;
  // Linux lets others give a link of ours a second name, unless fs.protected_hardlinks is set.
  if (isInShared && stats.nlink > 1n) return `is reached by the link ${path}, which has ${stats.nlink} hard links`;
  return undefined;
}

function breachOfDirectory({ path, stats }: Step, trust: Trust): string | undefined {
  if (!stats.isDirectory()) return undefined;
  if (!isTrusted(Number(stats.uid), trust)) return `lies below ${path}, which belongs to user ${stats.uid}`;
  if (isReplaceableByOthers(stats.mode))
    return `lies below ${path}, where others may write; mend it with: chmod go-w ${path}`;
  return undefined;
}

/** In a directory that cannot be written nothing is replaced. A Kubernetes ConfigMap is 0777 and mounted read-only. */
async function isReadOnly(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}
