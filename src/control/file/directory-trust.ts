import { access, constants } from 'node:fs/promises';
import { isReplaceableByOthers, type Step } from '../../base/file/path-walk';
import { isTrusted, type FileTrust } from '../../base/file/file-trust';

/**
 * The rule that the way to a file breaks, like sshd's StrictModes: a user who may write in a directory, or owns one, can
 * put another file in the file's place; the owner of a link chooses which file it leads to.
 *
 * @param trustDirectory the rules for directories do not count; that for links does
 */
export async function violatedPathRule(
  way: readonly Step[],
  trust: FileTrust,
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

function breachOfLink({ path, stats, isInShared }: Step, trust: FileTrust): string | undefined {
  if (!isTrusted(Number(stats.uid), trust))
    return `is reached by the link ${path}, which belongs to user ${stats.uid}, expected root, this user or one of commandFileOwners`;
  // Linux lets others give a link of ours a second name, unless fs.protected_hardlinks is set.
  if (isInShared && stats.nlink > 1n) return `is reached by the link ${path}, which has ${stats.nlink} hard links`;
  return undefined;
}

function breachOfDirectory({ path, stats }: Step, trust: FileTrust): string | undefined {
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
