import { CommandFile, type CommandFileOptions, type ReadFile } from '../file/command-file';
import { constants, lstat, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errorMessage } from '../../base/text';
import { parseContent } from '../syntax/content';
import { openFile, stateKeyOf, wayForWriting } from '../../base/file/trusted-file';
import { makeCommand } from '../syntax/command';
import type { Item } from '../syntax/pending';

/**
 * Whether an agent of this user would obey a command file, in words.
 *
 * @returns `rule`: the rule of trust that it breaks, or why it cannot be read; undefined: none
 */
export async function checkCommandFile(
  options: Pick<CommandFileOptions, 'path' | 'trustDirectory'> & { readonly owners: readonly number[] },
): Promise<{ readonly text: string; readonly rule: string | undefined }> {
  const { path, trustDirectory, owners } = options;
  const trust = { uid: process.geteuid?.(), owners };
  const reading = await new CommandFile({ path, trust, trustDirectory }).read(undefined);
  if (reading.status === 'missing') return { text: 'is not there yet, and need not be', rule: undefined };
  if (reading.status === 'refused') return { text: reading.rule, rule: reading.rule };
  if (reading.status === 'unavailable')
    return { text: `cannot be read: ${reading.reason}`, rule: `cannot be read: ${reading.reason}` };
  const isReadOnly = reading.status === 'read' && reading.isReadOnly;
  return {
    text: isReadOnly ? 'is obeyed, and answered in the status file only' : 'is obeyed and answered',
    rule: undefined,
  };
}

interface CommandParts {
  readonly verb: string;
  /** A glob over instance names; undefined: all. */
  readonly target?: string | undefined;
  readonly id?: string | undefined;
}

/** The line that asks for a command; or why agents would reject it. */
export function formatCommand({
  verb,
  target,
  id,
}: CommandParts): { readonly line: string } | { readonly fault: string } {
  const parts = { ...(target !== undefined && { target }), ...(id !== undefined && { id }) };
  const parsed = makeCommand({ verb, args: [], options: [], ...parts });
  if (parsed.type === 'fault') return { fault: parsed.reason };
  const words = [verb, id === undefined ? '' : `id=${id}`, target === undefined ? '' : `@${target}`];
  return { line: words.filter(Boolean).join(' ') };
}

type Written = { readonly status: 'written' } | { readonly status: 'failed'; readonly reason: string };

/** Other processes write the file as well. After this many races lost, something else is wrong. */
const TRIES = 20;
/** Agents refuse a file that its group or others may write. */
const MODE = 0o644;

/** Writes commands for agents, by the rules that agents read by: a file that they would refuse is not written. */
export class CommandWriter {
  /** The file's name in its directory, which is the working directory during a write. */
  private readonly name: string;

  /** @param path absolute */
  constructor(private readonly path: string) {
    this.name = basename(path);
  }

  /** @param isAnswered nothing of it is still needed: the file is started anew */
  async write(line: string, isAnswered: (items: readonly Item[]) => boolean): Promise<Written> {
    try {
      return await inDirectoryOf(this.path, async () => {
        for (let tries = 0; tries < TRIES; tries++) {
          const written = await this.tryOnce(line, isAnswered);
          if (written !== 'changed') return written;
        }
        return failed('it changes all the time');
      });
    } catch (error) {
      return failed(errorMessage(error));
    }
  }

  private async tryOnce(line: string, isAnswered: (items: readonly Item[]) => boolean): Promise<Written | 'changed'> {
    const file = new CommandFile({ path: this.path, trust: await this.trust(), trustDirectory: true, isHeld: true });
    const reading = await file.read(undefined);
    if (reading.status === 'missing') return this.create(line);
    if (reading.status === 'refused') return failed(`agents refuse it: it ${reading.rule}`);
    if (reading.status !== 'read') return failed(reading.status === 'unavailable' ? reading.reason : reading.status);
    if (await this.isLink()) return failed('it is a link, such as a ConfigMap has; write where it comes from');
    const content = parseContent(reading.bytes);
    if (content.status === 'refused') return failed(`agents refuse it: it ${content.rule}`);
    if (isAnswered(content.items)) return this.startAnew(line, reading);
    // A file of another user is read-only to an agent. An operator with the permission may write it.
    const appended = await file.append(line, { ...reading, isReadOnly: false }, content.encoding);
    if (appended.status === 'changed') return 'changed';
    return appended.status === 'read-only' ? failed('it may not be written') : appended;
  }

  private async isLink(): Promise<boolean> {
    return (await lstat(this.name).catch(() => undefined))?.isSymbolicLink() ?? false;
  }

  /** The owner may be the user that the agents run as, while root runs the command. */
  private async trust(): Promise<{ uid: number | undefined; owners: readonly number[] }> {
    const stats = await stat(this.name).catch(() => undefined);
    return { uid: process.geteuid?.(), owners: stats ? [stats.uid] : [] };
  }

  private async create(line: string): Promise<Written | 'changed'> {
    let handle: FileHandle | undefined;
    try {
      // Who opens it while he may write it goes on writing, whatever its mode becomes.
      handle = await openFile(this.name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE);
      // Whatever the umask: agents may run as another user.
      await handle.chmod(MODE);
      await handle.writeFile(`${line}\n`);
      return { status: 'written' };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'changed';
      throw error;
    } finally {
      await handle?.close();
    }
  }

  /** In place, as `>` does: inode, owner and mode are the operator's. */
  private async startAnew(line: string, read: ReadFile): Promise<Written | 'changed'> {
    const handle = await openFile(this.name, constants.O_RDWR);
    try {
      if (stateKeyOf(await handle.stat({ bigint: true })) !== read.key) return 'changed';
      await handle.truncate(0);
      await handle.write(`${line}\n`, 0);
      return { status: 'written' };
    } finally {
      await handle.close();
    }
  }
}

function failed(reason: string): Written {
  return { status: 'failed', reason };
}

/**
 * Runs `work` in the directory of a file: a bare name means the same file then, whatever becomes of the directories above.
 * Otherwise the owner of one of them could swap it for a link while root writes, and so choose the file that root
 * writes to.
 *
 * Rejects where a link on the way belongs to a user other than root, ourselves and the owner of the directory.
 *
 * @param file absolute
 */
async function inDirectoryOf<T>(file: string, work: () => Promise<T>): Promise<T> {
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
  const way = await wayForWriting(directory, { uid, owners: [(await stat('.')).uid] });
  // The kernel knows the real directory: a link that led here and has been replaced since shows as a difference.
  if (spelt(way.at(-1)?.path) !== spelt(process.cwd())) throw new Error(`${directory} has just been replaced`);
}

/** On macOS a name may be typed in another case than it has. */
function spelt(path: string | undefined): string | undefined {
  return process.platform === 'darwin' ? path?.normalize('NFC').toLowerCase() : path;
}
