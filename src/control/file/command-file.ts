import { access, constants, type FileHandle, realpath } from 'node:fs/promises';
import { isReplaceableByOthers, type Step, isEndOf } from '../../base/file/path-walk';
import {
  isTrusted,
  type FileTrust,
  violatedFileRule,
  wholeWayTo,
  factsOf,
  openFile,
  stateKeyOf,
} from '../../base/file/trusted-file';
import { basename, dirname, isAbsolute, relative, sep } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { encode, type Encoding } from '../syntax/content';
import type { Item } from '../syntax/pending';
import { formatStamp, type Stamp } from '../syntax/stamp';

/**
 * The rule that the way to a file breaks, like sshd's StrictModes: a user who may write in a directory, or owns one, can
 * put another file in the file's place; the owner of a link chooses which file it leads to.
 *
 * @param trustDirectory the rules for directories do not count; that for links does
 */
async function violatedPathRule(
  way: readonly Step[],
  trust: FileTrust,
  trustDirectory: boolean,
): Promise<string | undefined> {
  for (const [at, step] of way.entries()) {
    if (step.target !== undefined) {
      const breach = breachOfLink(step, trust);
      if (breach !== undefined) return breach;
    } else if (!trustDirectory && at < way.length - 1) {
      // The last one is the file, which has rules of its own.
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

/** Several stamps, each with its time. */
const TAIL_BYTES = 1_024;
/** With more new bytes than this, the file is read again. */
const MAX_NEW_BYTES = 8_192;

/**
 * How the file ends; undefined if the content that was read is no longer at its place. The inode does not show that: `>`
 * keeps it, and the number of a removed one is reused at once, on ext4 for the very next file. One read only: the shorter
 * the time between it and the append, the fewer writes of others come between.
 */
async function readTail(
  handle: FileHandle,
  read: Buffer,
  newline: Buffer,
): Promise<{ readonly isNewline: boolean; readonly isNew: boolean } | undefined> {
  const tail = read.subarray(-TAIL_BYTES);
  const buffer = Buffer.allocUnsafe(tail.length + MAX_NEW_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, read.length - tail.length);
  const end = buffer.subarray(0, bytesRead);
  if (bytesRead === buffer.length || !end.subarray(0, tail.length).equals(tail)) return undefined;
  const isNewline = end.length === 0 || end.subarray(-newline.length).equals(newline);
  return { isNewline, isNew: end.length > tail.length };
}

export interface CommandFileOptions {
  /** Absolute. */
  readonly path: string;
  readonly trust: FileTrust;
  /** The directory is the boundary: the permissions of the directories above the file are not checked. */
  readonly trustDirectory: boolean;
  /** We are in its directory, by a way that the caller has checked: it is opened by its bare name. Default: false. */
  readonly isHeld?: boolean;
}

export type FileReading =
  | { readonly status: 'missing' }
  /** Removed while it was open. Another look finds what is in its place now. */
  | { readonly status: 'replaced' }
  /** In the state that the caller knows. */
  | { readonly status: 'unchanged' }
  /** It breaks a rule of trust. `key` names the state of the file that does. */
  | { readonly status: 'refused'; readonly key: string; readonly rule: string }
  /** It cannot be read just now. */
  | { readonly status: 'unavailable'; readonly reason: string }
  | ReadFile;

export interface ReadFile {
  readonly status: 'read';
  readonly key: string;
  readonly bytes: Buffer;
  /** By the file system's clock. */
  readonly mtimeMs: number;
  /** It belongs to another user, or is behind a link: never written. */
  readonly isReadOnly: boolean;
  readonly stats: BigIntStats;
}

type AppendOutcome =
  | { readonly status: 'written' }
  /** It is not the file that was read; look again. */
  | { readonly status: 'changed' }
  | { readonly status: 'read-only' }
  | { readonly status: 'failed'; readonly reason: string };

/** The command file on its disk: what is done to it is here, and nothing but opening, reading and appending is. */
export class CommandFile {
  /** What it is opened by. */
  private readonly place: string;

  constructor(private readonly options: CommandFileOptions) {
    const { path, isHeld } = options;
    this.place = isHeld ? basename(path) : path;
  }

  /** Never rejects. @param known a state whose content is not needed again */
  async read(known: string | undefined): Promise<FileReading> {
    const { path, trust, trustDirectory, isHeld } = this.options;
    try {
      if (isHeld || trust.uid === undefined) return await this.readBy(undefined, known);
      // Before anything is opened or followed: the owner of a link chooses where it leads, and how long that takes.
      const way = await wholeWayTo(path, trust);
      const end = way.at(-1);
      const rule = await violatedPathRule(way, trust, trustDirectory);
      if (rule !== undefined) return { status: 'refused', key: end ? stateKeyOf(end.stats) : path, rule };
      return end?.target === undefined ? await this.readBy(way, known) : refusedFor('ELOOP');
    } catch (error) {
      return readingOf(error);
    }
  }

  /** @param way checked; undefined: it need not be */
  private async readBy(way: readonly Step[] | undefined, known: string | undefined): Promise<FileReading> {
    const { place } = this;
    try {
      return await this.readAt(place, way, false, known);
    } catch (error) {
      if (codeOf(error) !== 'ELOOP') throw error;
    }
    const target = way ? endOf(way) : await realpath(place);
    const directory = dirname(place);
    try {
      // Kubernetes swaps ConfigMaps by a link in the directory itself. Anything else may lead to anybody's file.
      if (!isInside(way ? endOf(await wholeWayTo(directory, this.options.trust)) : await realpath(directory), target))
        return { status: 'refused', key: `link to ${target}`, rule: 'is a link that leads out of its directory' };
      return await this.readAt(target, way, true, known);
    } catch (error) {
      // The way had an end a moment ago: the link was swapped.
      if (codeOf(error) === 'ENOENT') return { status: 'replaced' };
      throw error;
    }
  }

  /** One line, by one write, to the very file that was read, below what was read of it. Never rejects. */
  async append(line: string, read: ReadFile, encoding: Encoding): Promise<AppendOutcome> {
    if (read.isReadOnly) return { status: 'read-only' };
    let handle: FileHandle | undefined;
    try {
      handle = await openFile(this.place, constants.O_RDWR | constants.O_APPEND);
      if (!isSameFile(await handle.stat({ bigint: true }), read.stats)) return { status: 'changed' };
      const end = await readTail(handle, read.bytes, encode('\n', encoding));
      if (!end) return { status: 'changed' };
      // Another process is writing a line, and the rest of it would land below ours. A line that has settled gets its newline here.
      if (!end.isNewline && end.isNew) return { status: 'changed' };
      const text = `${end.isNewline ? '' : '\n'}${line}\n`;
      const bytes = encode(text, encoding);
      const { bytesWritten } = await handle.write(bytes);
      return bytesWritten === bytes.length ? { status: 'written' } : { status: 'failed', reason: 'the disk is full' };
    } catch (error) {
      return outcomeOf(error);
    } finally {
      await handle?.close().catch(() => undefined);
    }
  }

  private async readAt(
    place: string,
    way: readonly Step[] | undefined,
    isLinked: boolean,
    known: string | undefined,
  ): Promise<FileReading> {
    const { trust } = this.options;
    const handle = await openFile(place, constants.O_RDONLY);
    try {
      const stats = await handle.stat({ bigint: true });
      const key = stateKeyOf(stats);
      if (key === known) return { status: 'unchanged' };
      const facts = factsOf(stats);
      const fileRule = violatedFileRule(isLinked ? place : this.options.path, facts, trust);
      if (fileRule !== undefined) return { status: 'refused', key, rule: fileRule };
      // By now another file is where the way, whose rules were looked at, led to.
      if (facts.links === 0 || (way && !isEndOf(way, stats))) return { status: 'replaced' };
      const isReadOnly =
        isLinked || (trust.uid !== undefined && facts.owner !== trust.uid) || !(await isWritable(place));
      const bytes = await readBytes(handle, facts.size);
      return { status: 'read', key, bytes, mtimeMs: Number(stats.mtimeNs / 1_000n) / 1_000, isReadOnly, stats };
    } finally {
      await handle.close().catch(() => undefined);
    }
  }
}

async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Reads at most `size` bytes: later ones belong to another state of the file, which will be read too. */
export async function readBytes(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(buffer, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function isSameFile(now: BigIntStats, read: BigIntStats): boolean {
  return (
    now.dev === read.dev &&
    now.ino === read.ino &&
    now.uid === read.uid &&
    now.mode === read.mode &&
    now.nlink === read.nlink
  );
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

function readingOf(error: unknown): FileReading {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { status: 'missing' };
    case 'EACCES':
    case 'EPERM':
    case 'ENXIO':
    case 'ELOOP':
      return refusedFor(code);
    default:
      return { status: 'unavailable', reason: code };
  }
}

function refusedFor(code: string): FileReading {
  return { status: 'refused', key: code, rule: `cannot be opened (${code})` };
}

/** Where a whole way has led: what `realpath` returns, which follows the links of any user. */
function endOf(way: readonly Step[]): string {
  return way.at(-1)?.path ?? '';
}

function outcomeOf(error: unknown): AppendOutcome {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { status: 'read-only' };
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'EISDIR':
    case 'ENXIO':
      return { status: 'changed' };
    default:
      return { status: 'failed', reason: code };
  }
}

/** Over this size an agent appends `full` and nothing more: a file that is only ever appended to grows. */
const FULL_BYTES = 256 * 1024;

/**
 * - `written`: it is on the disk.
 * - `status-only`: this file is not written; the status alone shows it.
 * - `changed`: it is not the file that was read. Look again.
 * - `failed`: the disk would not take it.
 */
export type AppendResult = 'written' | 'status-only' | 'changed' | 'failed';

/** The command file as it was read, to be written below. */
export class CommandFileSnapshot {
  private isWritable: boolean;
  private failure = '';
  private written = false;

  constructor(
    private readonly file: CommandFile,
    readonly read: ReadFile,
    private readonly encoding: Encoding,
    readonly items: readonly Item[],
  ) {
    this.isWritable = !read.isReadOnly;
  }

  get isReadOnly(): boolean {
    return !this.isWritable;
  }

  get isFull(): boolean {
    return this.read.stats.size > FULL_BYTES;
  }

  /** Something was appended to it. */
  get isAppended(): boolean {
    return this.written;
  }

  /** Why the last append failed. */
  get reason(): string {
    return this.failure;
  }

  /** From here on the status file alone is written. */
  markReadOnly(): void {
    this.isWritable = false;
  }

  async append(stamp: Stamp): Promise<AppendResult> {
    if (!this.isWritable) return 'status-only';
    const outcome = await this.file.append(formatStamp(stamp), this.read, this.encoding);
    if (outcome.status === 'failed') this.failure = outcome.reason;
    if (outcome.status === 'written') this.written = true;
    if (outcome.status !== 'read-only') return outcome.status;
    this.markReadOnly();
    return 'status-only';
  }

  /** The file has such a stamp of this instance. */
  has(instance: string, isMeant: (stamp: Stamp) => boolean): boolean {
    return this.items.some((item) => item.type === 'stamp' && item.stamp.instance === instance && isMeant(item.stamp));
  }

  /** Under which ids this instance has run something. What was rejected or came too late has not run, and may come again. */
  idsOf(instance: string): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const item of this.items) {
      if (item.type !== 'stamp' || item.stamp.instance !== instance) continue;
      if (item.stamp.state === 'running' || item.stamp.state === 'duplicate') ids.add(item.stamp.id);
    }
    return ids;
  }
}
