import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTrusted } from '../../base/file/file-trust';
import { wayTo } from '../file/directory-trust';

/**
 * Runs `work` in the directory of a file: a bare name means the same file then, whatever becomes of the directories above.
 * The user who owns one of them could otherwise swap it for a link while root writes, and so choose what root writes to.
 *
 * Rejects where a link on the way belongs to a user other than root, ourselves and the owner of the directory.
 *
 * @param file absolute
 */
export async function inDirectoryOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(dirname(file));
  try {
    const uid = process.geteuid?.();
    if (uid !== undefined) await checkLinks(dirname(file), uid);
    return await work();
  } finally {
    process.chdir(before);
  }
}

async function checkLinks(directory: string, uid: number): Promise<void> {
  const trust = { uid, owners: [(await stat('.')).uid] };
  const way = await wayTo(directory);
  const foreign = way.find(({ stats, target }) => target !== undefined && !isTrusted(Number(stats.uid), trust));
  if (foreign) throw new Error(`the link ${foreign.path} on the way to it belongs to user ${foreign.stats.uid}`);
  // The kernel says where we are: a link that was followed to here and is gone by now shows in that.
  if (spelt(way.at(-1)?.path) !== spelt(process.cwd())) throw new Error(`${directory} has just been replaced`);
}

/** On macOS a name may be typed in another case than it has. */
function spelt(path: string | undefined): string | undefined {
  return process.platform === 'darwin' ? path?.normalize('NFC').toLowerCase() : path;
}
