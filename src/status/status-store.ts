import { constants, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../base/clock';
import { HELD_PAUSE_MS, HELD_TRIES, isHeldByAnother } from '../base/file/held-file';
import { isTrusted, type FileTrust, openFile, statTrusted, wayForWriting } from '../base/file/trusted-file';
import { FileLock, type LockRequest } from './lock/file-lock';
import type { Stats } from 'node:fs';

/** One instance in the status file: its status, and the fields that show whether it still lives. */
export interface StatusEntry {
  readonly pid?: unknown;
  readonly host?: unknown;
  /** ISO 8601, of the last write. */
  readonly updatedAt?: unknown;
  /** Whose the entry is. */
  readonly token?: unknown;
  readonly processStart?: unknown;
  readonly pidSpace?: unknown;
  readonly [name: string]: unknown;
}

/** Sixty-four of them fill the file; without trouble an entry has some thousand bytes. */
const LARGEST_ENTRY_BYTES = 64 * 1024;
/** Ours are half as deep. For a deeper one, JSON's indentation would make more than the file may hold. */
const DEEPEST = 16;

export type StatusEntries = ReadonlyMap<string, StatusEntry>;

/** Whatever lies there: what is no entry is not there, and a file that is none at all has none. It heals with the next write. */
export function parseEntries(text: string): StatusEntries {
  const entries = new Map<string, StatusEntry>();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return entries;
  }
  if (!isObject(document) || !isObject(document.instances)) return entries;
  for (const [name, entry] of Object.entries(document.instances))
    if (isObject(entry) && !isDeeper(entry, DEEPEST)) entries.set(name, entry);
  return entries;
}

/** How each of ours begins, without its blanks. */
const BEGINNING = '{"version":1,"instances":{';

/** Whether it is a status file, of any version, what a crash has left of one, or empty. */
function isStatus(text: string): boolean {
  const begin = text.search(/[^\s\0]/);
  if (begin === -1) return true;
  try {
    const document: unknown = JSON.parse(text);
    if (!isObject(document)) return false;
    return ('version' in document && isObject(document.instances)) || Object.keys(document).length === 0;
  } catch {
    const head = text.slice(begin, begin + 2 * BEGINNING.length).replace(/[\s\0]/g, '');
    return head.startsWith(BEGINNING) || BEGINNING.startsWith(head);
  }
}

export function formatEntries(entries: StatusEntries): string {
  // In an order that does not depend on the last writer.
  const instances = Object.fromEntries(namesOf(entries).map((name) => [name, entries.get(name)]));
  return `${JSON.stringify({ version: 1, instances }, null, 2)}\n`;
}

/** As much of it as an entry may hold: the largest parts are left out, and named in `leftOut`. */
export function fitEntry(entry: StatusEntry): StatusEntry {
  const sizeOf = (value: StatusEntry): number => Buffer.byteLength(formatEntries(new Map([['', value]])));
  if (sizeOf(entry) <= LARGEST_ENTRY_BYTES) return entry;
  const parts = Object.entries(entry).map(([name, value]) => ({ name, value, size: sizeOf({ [name]: value }) }));
  parts.sort((a, b) => a.size - b.size);
  const leftOut: string[] = [];
  for (
    let fitted = entry;
    ;
    fitted = { ...Object.fromEntries(parts.map(({ name, value }) => [name, value])), leftOut }
  ) {
    const largest = sizeOf(fitted) > LARGEST_ENTRY_BYTES ? parts.pop() : undefined;
    if (!largest) return fitted;
    leftOut.push(largest.name);
  }
}

/** Sorted by code units: the same order in every process, whatever its locale. */
export function namesOf(entries: StatusEntries): string[] {
  return [...entries.keys()].sort();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((part) => isDeeper(part, most - 1));
}

interface StatusStoreOptions {
  /** Absolute. */
  readonly path: string;
  /** Ours alone: names the temporary file. */
  readonly token: string;
  readonly clock: Clock;
  /** Whose file is believed, beside that of the directory's owner; undefined: any user's, for a reader that only shows it. */
  readonly trust?: FileTrust;
  /** The permissions for the file; undefined: as the umask decides. Default: undefined. */
  permissions?(): Promise<Permissions | undefined>;
}

/** For reading and for writing: a file too large to be read again would hide every name that is taken. */
const LARGEST_BYTES = 4 * 1024 * 1024;
const OWNERS = 'root, this user, the owner of its directory or one of commandFileOwners';
const TOKEN = /^[0-9a-f]{32}$/;

/** The status file on its disk: one JSON document that all processes share, changed under a lock and replaced whole. */
export class StatusStore {
  /** What the file system's clock is ahead of ours. */
  aheadMs = 0;
  /** We have written it: whatever lies there since is to be healed. */
  private isOurs = false;

  constructor(private readonly options: StatusStoreOptions) {}

  /**
   * Read, change, replace. Rejects where that cannot be done.
   * @param change returns undefined to leave the file as it is
   * @param waiter once it is over, nothing is written any more
   */
  async update(
    change: (entries: StatusEntries) => Promise<StatusEntries | undefined>,
    waiter: LockRequest,
  ): Promise<void> {
    // The host may stand still in between: what was read is old then, and the name may be another process's.
    while (!(await this.attempt(change, waiter))) if (waiter.isOver()) throw new Error('it took too long');
  }

  /** @returns whether the file is as it should be; otherwise the lock was lost meanwhile */
  private async attempt(
    change: (entries: StatusEntries) => Promise<StatusEntries | undefined>,
    waiter: LockRequest,
  ): Promise<boolean> {
    const { path, clock } = this.options;
    await this.checkLinks();
    const lock = await FileLock.take({ ...waiter, path, clock, isTrusted: (uid) => this.isTrusted(uid) });
    waiter.onHandover();
    try {
      this.aheadMs = lock.fileAheadMs;
      const found = await this.readAny();
      // Whoever names the file may be mistaken, or not the operator.
      if (!this.isOurs && !isStatus(found))
        throw new Error('it is no status file, and nothing else is replaced: remove it, or name another');
      const changed = await change(parseEntries(found));
      if (!changed) return true;
      const text = formatEntries(changed);
      if (Buffer.byteLength(text) > LARGEST_BYTES) throw new Error(`it would be larger than ${LARGEST_BYTES} bytes`);
      await this.writeAside(text);
      const isReplaced = await this.replace(() => lock.isHeld && !waiter.isOver());
      if (isReplaced) this.isOurs = true;
      return isReplaced;
    } finally {
      await lock.release();
    }
  }

  /** What there is, without a lock: for reading only. */
  async read(): Promise<StatusEntries> {
    return parseEntries(await this.readAny());
  }

  /** @returns nothing where nothing is there */
  private async readAny(): Promise<string> {
    try {
      return await this.readText();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    }
    // A link is replaced as a file is, but not one like /dev/stdout, which leads to no file.
    checkIsFile(await stat(this.options.path).catch(() => undefined));
    return '';
  }

  /** Removes what the owner of an entry left half written. @param token from the file, so not to be believed */
  async removeAside(token: unknown): Promise<void> {
    if (typeof token === 'string' && TOKEN.test(token)) await unlink(this.asideOf(token)).catch(() => undefined);
  }

  private async readText(): Promise<string> {
    const handle = await openFile(this.options.path, constants.O_RDONLY);
    try {
      const stats = await handle.stat();
      if (!(await this.isTrusted(stats.uid)))
        throw new Error(`it belongs to user ${stats.uid}, expected ${OWNERS}: remove it`);
      checkIsFile(stats);
      if (stats.size > LARGEST_BYTES) throw new Error(`it is larger than ${LARGEST_BYTES} bytes: remove it`);
      return await readAll(handle, stats.size);
    } finally {
      // Others wait for the lock: not for this.
      void handle.close().catch(() => undefined);
    }
  }

  /** Otherwise another user's link would say where our file and its lock lie: as root, anywhere. */
  private async checkLinks(): Promise<void> {
    const { trust, path } = this.options;
    if (trust?.uid === undefined) return;
    const directory = dirname(path);
    const { uid } = await stat(directory);
    await wayForWriting(directory, { ...trust, owners: [...trust.owners, uid] });
  }

  /**
   * Whether the file or its lock counts: in a directory like /tmp any user may have put it there before us. The owner of
   * the directory may replace it anyhow, and is the user of a process that started as root and changed it.
   */
  private async isTrusted(owner: number): Promise<boolean> {
    const { trust, path } = this.options;
    return trust?.uid === undefined || isTrusted(owner, trust) || owner === (await stat(dirname(path))).uid;
  }

  /** @returns whether it was done; otherwise it was no longer wanted */
  private async replace(isWanted: () => boolean): Promise<boolean> {
    const { path, token, clock } = this.options;
    for (let tries = 1; isWanted(); tries++) {
      try {
        await rename(this.asideOf(token), path);
        return true;
      } catch (error) {
        if (!isHeldByAnother(error) || tries === HELD_TRIES) {
          await this.removeAside(token);
          throw error;
        }
      }
      await new Promise<void>((resolve) => void clock.after(HELD_PAUSE_MS, resolve));
    }
    await this.removeAside(token);
    return false;
  }

  private async writeAside(text: string): Promise<void> {
    const { token } = this.options;
    const permissions = await this.options.permissions?.();
    const handle = await this.openAside(permissions ? 0o600 : 0o644);
    try {
      const acts = await Promise.allSettled([
        handle.writeFile(text),
        permissions && givePermissions(handle, permissions),
      ]);
      for (const act of acts) if (act.status === 'rejected') throw act.reason;
    } catch (error) {
      await this.removeAside(token);
      throw error;
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  private async openAside(mode: number): Promise<FileHandle> {
    const { token } = this.options;
    // Exclusively: in a directory like /tmp another user may have put a link there.
    const openNew = (): Promise<FileHandle> => open(this.asideOf(token), 'wx', mode);
    try {
      return await openNew();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await this.removeAside(token);
    return openNew();
  }

  private asideOf(token: string): string {
    return `${this.options.path}.${token}.tmp`;
  }
}

/** Root may put a file in the place of /dev/null, which then is gone for the whole machine. */
function checkIsFile(stats: Stats | undefined): void {
  if (stats?.isFile() === false) throw new Error('it is not a regular file');
}

/** It is replaced whole, never changed in place: its size does not grow while it is read. */
async function readAll(handle: FileHandle, size: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

/** The permissions of the status file. */
interface Permissions {
  readonly mode: number;
  /** The group that the mode means; undefined: the one that the file gets. */
  readonly gid?: number;
}

interface StatusPermissionsOptions {
  /** As configured. */
  readonly mode: number | undefined;
  readonly commandFile: string | undefined;
  readonly trust: FileTrust;
}

/**
 * The permissions of the status file: those that were configured, else those of the command file, since both show what
 * the errors of handlers. Undefined where there is none that counts.
 */
export async function statusPermissions(options: StatusPermissionsOptions): Promise<Permissions | undefined> {
  const { mode, commandFile, trust } = options;
  if (mode !== undefined) return { mode };
  if (commandFile === undefined) return undefined;
  // By no link of another user, who could lead it to a file that all may read.
  const stats = await statTrusted(resolve(commandFile), trust, new Map());
  if (!stats?.isFile() || (trust.uid !== undefined && !isTrusted(Number(stats.uid), trust))) return undefined;
  return { mode: 0o600 | (Number(stats.mode) & 0o044), gid: Number(stats.gid) };
}

/** Where the file cannot have the group, its own group may do what all may. */
async function givePermissions(handle: FileHandle, { mode, gid }: Permissions): Promise<void> {
  const hasGroup = gid === undefined || (await giveGroup(handle, gid));
  await handle.chmod(hasGroup ? mode : (mode & ~0o070) | ((mode & 0o007) << 3));
}

async function giveGroup(handle: FileHandle, gid: number): Promise<boolean> {
  if ((await handle.stat()).gid === gid) return true;
  try {
    await handle.chown(-1, gid);
    return true;
  } catch {
    return false;
  }
}
