import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writevSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { lstat, lutimes, mkdir, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Step, wayToNow } from '../base/file/path-walk';
import { type FileTrust, isTrusted, openFile, wayTo } from '../base/file/trusted-file';
import { toIso } from '../base/time';
import { ownIdentity, processState, startOf, type ProcessIdentity } from '../status/liveness';
import type { SegmentSource } from './ports';

/** The process that a part of the spool belongs to: what `<key>.owner` and the first block of each file say. */
export interface SpoolOwner extends SegmentSource {
  readonly pid: number;
  readonly host: string;
  readonly pidSpace?: string | undefined;
  readonly processStart?: string | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface SpoolFile {
  readonly name: string;
  readonly sequence: number;
  readonly bytes: number;
  /** When it was last written to, milliseconds since 1970. */
  readonly time: number;
}

/** Everything that lies there under the key of one process. */
export interface KeyListing {
  readonly key: string;
  /** In the order in which they were written. */
  readonly files: readonly SpoolFile[];
  /** When its owner last showed that it lives; undefined: there is no such file. */
  readonly ownerTime: number | undefined;
  readonly isClaimed: boolean;
  /** The tokens of the readers that recorded how far they came. */
  readonly positions: readonly string[];
  readonly corrupt: readonly SpoolFile[];
}

const KEY = String.raw`[\w-]{1,24}\.[\w-]{1,24}\.[0-9a-f]{8}\.[0-9a-z]+-\d+-[0-9a-f]{8}`;
const NAME = new RegExp(
  String.raw`^(${KEY})\.(?:(\d{6,})\.spool|(owner|claim)|([0-9a-f]{8})\.position|(.+\.corrupt))$`,
);
const WHOLE_KEY = new RegExp(`^${KEY}$`);
/** The code of an error: the file is to be left alone. */
const STRANGE = 'STRANGE';
const MAX_JSON_BYTES = 64 * 1024;
/** At least as long as what stood there before, of which nothing may be left behind it. */
const MIN_OVERWRITTEN_BYTES = 64;

/**
 * The name that all files of one process share: service and instance as far as a file name takes them, a hash of both
 * in full, when it started, its pid, and random digits, since a process begins anew after its claim has gone.
 */
export function spoolKey({ service, instance }: SegmentSource, startedAt: number, token: string): string {
  const hash = createHash('sha256').update(`${service}\0${instance}`).digest('hex').slice(0, 8);
  return `${slug(service)}.${slug(instance)}.${hash}.${startedAt.toString(36)}-${process.pid}-${token}`;
}

function slug(name: string): string {
  return name.replace(/[^\w-]/g, '_').slice(0, 24) || '_';
}

/** The directory that all processes of a host share: names, files, and nothing of what they mean. */
export class SpoolDirectory {
  private identity: ProcessIdentity | undefined;
  /** Whose files we make as root. */
  private heir: { readonly uid: number; readonly gid: number } | undefined;
  /** What names are relative to. */
  private base: string;

  constructor(readonly path: string) {
    this.base = path;
  }

  /**
   * Makes it where it is missing. Rejects where it is not ours alone, and where another user decides what its path leads to:
   * as root we would write wherever that user likes. So it is made step by step: what another user puts there meanwhile
   * is seen before anything is made below it.
   */
  async prepare(): Promise<void> {
    for (const path of stepsTo(this.path)) {
      await this.checkWay([]);
      const isThere = await lstat(path).catch(() => undefined);
      if (!isThere) await mkdir(path, { mode: 0o700 }).catch(unlessThere);
      this.checkStep(path, await lstat(path));
    }
    await this.checkWay([]);
    this.check(await lstat(this.path));
  }

  /** For a process that ends before it was prepared, perhaps because it was refused. */
  prepareNow(): void {
    const trust = { uid: process.geteuid?.(), owners: [] };
    const checkWayNow = (): void =>
      this.checkParents(
        wayToNow(this.path, (owner) => isTrusted(Number(owner), trust)),
        trust,
      );
    for (const path of stepsTo(this.path)) {
      checkWayNow();
      try {
        if (!lstatSync(path, { throwIfNoEntry: false })) mkdirSync(path, { mode: 0o700 });
      } catch (error) {
        unlessThere(error);
      }
      this.checkStep(path, lstatSync(path));
    }
    checkWayNow();
    this.check(lstatSync(this.path));
  }

  private check(stats: Stats): void {
    checkKind(stats);
    const { mode, uid } = stats;
    const ownUid = process.geteuid?.();
    if (ownUid === undefined) return;
    if (uid !== ownUid) throw new Error(`it belongs to user ${uid}`);
    if ((mode & 0o077) !== 0) throw new Error(`others may enter it; mend it with: chmod 700 ${this.path}`);
  }

  /** What is there now, and was not when the way was checked: the next step would go through another user's link. */
  private checkStep(path: string, { uid }: Stats): void {
    const ownUid = process.geteuid?.();
    if (path !== this.path && ownUid !== undefined && !isTrusted(uid, { uid: ownUid, owners: [] }))
      throw new Error(`it is reached by ${path}, which belongs to user ${uid}`);
  }

  private async checkWay(owners: readonly number[]): Promise<void> {
    const trust = { uid: process.geteuid?.(), owners };
    if (trust.uid !== undefined) this.checkParents(await wayTo(this.path, trust), trust);
  }

  private checkParents(way: readonly Step[], trust: FileTrust): void {
    if (trust.uid === undefined) return;
    const foreign = way.find(({ path, stats }) => path !== this.path && !isTrusted(Number(stats.uid), trust));
    if (foreign) throw new Error(`it is reached by ${foreign.path}, which belongs to user ${foreign.stats.uid}`);
  }

  /**
   * Rejects where another user could have planted what lies here, or could let the path lead elsewhere while we remove.
   *
   * @param owners users who are trusted beside root and ourselves
   */
  async checkOwners(owners: readonly number[]): Promise<void> {
    const uid = process.geteuid?.();
    const stats = await lstat(this.path);
    checkKind(stats);
    if (uid === undefined) return;
    if (!isTrusted(stats.uid, { uid, owners })) throw new Error(`it belongs to user ${stats.uid}`);
    if ((stats.mode & 0o022) !== 0) throw new Error(`others may write in it; mend it with: chmod 700 ${this.path}`);
    await this.checkWay(owners);
    if (uid === 0) this.enterFor(stats);
  }

  /** Only to look at what lies here: any user may have put it here. */
  async enter(): Promise<void> {
    const stats = await lstat(this.path);
    checkKind(stats);
    if (process.geteuid?.() === 0) this.enterFor(stats);
  }

  /**
   * As root: a user who owns it, or a directory above it, could let the path lead elsewhere from now on. So this process
   * goes into the directory that was checked, and uses bare names. Its owner gets what we make there.
   */
  private enterFor(owner: Stats): void {
    process.chdir(this.path);
    const { dev, ino } = statSync('.');
    if (dev !== owner.dev || ino !== owner.ino) throw new Error('it was exchanged meanwhile');
    this.base = '.';
    // In one of root's, only root has put something.
    if (owner.uid !== 0) this.heir = owner;
  }

  /** Rejects where it is a link, or no directory. */
  async checkKind(): Promise<void> {
    checkKind(await lstat(this.base));
  }

  /** What lies there, by key; what is not ours is left alone. */
  list(): Promise<Map<string, KeyListing>> {
    return this.listWhere(() => true);
  }

  /** What one process has there. @returns undefined: nothing */
  async listKey(key: string): Promise<KeyListing | undefined> {
    return (await this.listWhere((found) => found === key)).get(key);
  }

  private async entries(): Promise<readonly Pick<Dirent, 'name' | 'isFile'>[]> {
    try {
      return await readdir(this.base, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Where the file system does not tell what a name is, as some of NFS, Node looks at each, and fails if one has gone meanwhile.
      const names = await readdir(this.base);
      return Promise.all(
        names.map(async (name) => {
          const stats = await lstat(this.at(name)).catch(() => undefined);
          return { name, isFile: () => stats?.isFile() === true };
        }),
      );
    }
  }

  private async listWhere(isWanted: (key: string) => boolean): Promise<Map<string, KeyListing>> {
    const found = new Map<string, Draft>();
    for (const entry of await this.entries()) {
      const { name } = entry;
      const [, key, sequence, role, reader, corrupt] = NAME.exec(name) ?? [];
      if (key === undefined || !isWanted(key) || !entry.isFile()) continue;
      // The name is all that counts of a claim and a position. Dead processes leave more of them than of all else.
      const isNameAll = role === 'claim' || reader !== undefined;
      const stats = isNameAll ? undefined : await lstat(this.at(name)).catch(() => undefined);
      if (!isNameAll && (!stats?.isFile() || this.strangeness(stats) !== undefined)) continue;
      const draft = found.get(key) ?? newDraft(key);
      found.set(key, draft);
      const { size: bytes = 0, mtimeMs: time = 0 } = stats ?? {};
      const file = { name, sequence: Number(sequence ?? 0), bytes, time };
      if (sequence !== undefined) draft.files.push(file);
      else if (role === 'owner') draft.ownerTime = time;
      else if (role === 'claim') draft.isClaimed = true;
      else if (reader !== undefined) draft.positions.push(reader);
      else if (corrupt !== undefined) draft.corrupt.push(file);
    }
    for (const { files } of found.values()) files.sort((a, b) => a.sequence - b.sequence);
    return found;
  }

  at(name: string): string {
    return join(this.base, name);
  }

  /** For reading; never through a link. */
  open(name: string): Promise<FileHandle> {
    return this.openThere(name, constants.O_RDONLY);
  }

  /** Rejects where it is there and {@link strangeness} says why it is to be left alone. */
  private async openThere(name: string, flags: number): Promise<FileHandle> {
    const handle = await openFile(this.at(name), flags);
    if (!this.heir) return handle;
    try {
      const reason = this.strangeness(await handle.stat());
      if (reason !== undefined) throw Object.assign(new Error(`${name} ${reason}`), { code: STRANGE });
      return handle;
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
  }

  /**
   * As root for another user: why a file is none of that user's, who may have moved one of root's here, or given it a
   * second name here. We would hand over what it holds.
   */
  private strangeness(stats: Stats): string | undefined {
    const { heir } = this;
    if (!heir) return undefined;
    if (!stats.isFile()) return 'is not a regular file';
    if (stats.uid !== heir.uid) return `belongs to user ${stats.uid}`;
    return stats.nlink === 1 ? undefined : 'has another name';
  }

  /** A new file, for writing. The processes of the directory's owner could not read one of root's. */
  async create(name: string): Promise<FileHandle> {
    const handle = await openFile(this.at(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    const { heir } = this;
    try {
      if (heir) await handle.chown(heir.uid, heir.gid);
      return handle;
    } catch (error) {
      await handle.close();
      await this.remove(name);
      throw error;
    }
  }

  /** @returns undefined: it is not there, or is none of ours */
  async readJson(name: string): Promise<unknown> {
    let handle: FileHandle;
    try {
      handle = await this.open(name);
    } catch (error) {
      if (['ENOENT', 'ELOOP', STRANGE].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
      throw error;
    }
    try {
      // To read a directory or a pipe fails, and one that is planted would keep the whole spool from being read.
      if (!(await handle.stat()).isFile()) return undefined;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_JSON_BYTES), 0, MAX_JSON_BYTES, 0);
      return parseJson(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  /** For a process that ends: a new file, with what goes into it; at most `maxBytes` in all. @returns whether it is there */
  createNow(name: string, content: readonly Buffer[], maxBytes: number): boolean {
    let total = content.reduce((sum, { length }) => sum + length, 0);
    for (const found of readdirSync(this.base)) total += NAME.test(found) ? sizeOf(this.at(found)) : 0;
    if (total > maxBytes) return false;
    const fd = openSync(this.at(name), 'wx', 0o600);
    try {
      writevSync(fd, content);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  /** Replaces it as a whole. @param token ours alone: names the temporary file */
  async writeJson(name: string, value: unknown, token: string): Promise<void> {
    const aside = `${name}.${token}.tmp`;
    await this.remove(aside);
    const handle = await this.create(aside);
    try {
      await handle.writeFile(JSON.stringify(value));
    } catch (error) {
      await this.remove(aside);
      throw error;
    } finally {
      await handle.close().catch(() => undefined);
    }
    await rename(this.at(aside), this.at(name));
  }

  /** In place, which takes no room on the disk: a crash in the middle of it may leave a mixture. */
  async overwriteJson(name: string, value: unknown): Promise<void> {
    const handle = await this.openThere(name, constants.O_WRONLY);
    try {
      // Its other name may be that of a file of another user, wherever.
      if ((await handle.stat()).nlink > 1) throw new Error(`${name} has another name`);
      await handle.write(JSON.stringify(value).padEnd(MIN_OVERWRITTEN_BYTES), 0);
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  /** Twice is once. */
  async remove(name: string): Promise<void> {
    await unlink(this.at(name)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }

  async has(name: string): Promise<boolean> {
    return stat(this.at(name)).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return false;
      },
    );
  }

  /** Shows that its writer lives. Rejects where it has gone. */
  async touch(name: string, nowMs: number): Promise<void> {
    const seconds = nowMs / 1_000;
    // Ours needs no descriptor, of which there may be none left.
    if (!this.heir) return lutimes(this.at(name), seconds, seconds);
    const handle = await this.openThere(name, constants.O_RDONLY);
    try {
      await handle.utimes(seconds, seconds);
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  /** This process, as others can recognise it. */
  async ownOwner({ service, instance }: SegmentSource, startedAt: number): Promise<SpoolOwner> {
    const { start: processStart, pidSpace } = (this.identity ??= await ownIdentity());
    const { pid } = process;
    return { service, instance, pid, host: hostname(), pidSpace, processStart, startedAt: toIso(startedAt) };
  }

  /** For a process that ends: others see when it started, and nothing of its namespace. */
  ownOwnerNow({ service, instance }: SegmentSource, startedAt: number): SpoolOwner {
    const { pid } = process;
    const processStart = this.identity?.start ?? startOf(pid);
    return { service, instance, pid, host: hostname(), processStart, startedAt: toIso(startedAt) };
  }

  /** Whether a process still runs, as far as it can be seen from here. */
  async stateOf(owner: SpoolOwner): Promise<'running' | 'gone' | 'unseen'> {
    this.identity ??= await ownIdentity();
    return processState({ ...owner }, hostname(), this.identity);
  }

  /** When the owner of a key, which may be any text, last showed that it lives; undefined: there is no such file. */
  async ownerTime(key: string): Promise<number | undefined> {
    if (!WHOLE_KEY.test(key)) return undefined;
    const stats = await lstat(this.at(`${key}.owner`)).catch(() => undefined);
    return stats?.isFile() ? stats.mtimeMs : undefined;
  }

  async readOwner(key: string): Promise<SpoolOwner | undefined> {
    return parseOwner(await this.readJson(`${key}.owner`));
  }
}

/** The directories above it, from the root on, and itself. */
function stepsTo(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [path] : [...stepsTo(above), path];
}

/** Another process, or another user, has made it: what it is will be looked at. */
function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

function checkKind(stats: Stats): void {
  if (stats.isSymbolicLink()) throw new Error('it is a symbolic link');
  if (!stats.isDirectory()) throw new Error('it is not a directory');
}

function sizeOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Reads a document that may hold anything. */
export function parseOwner(document: unknown): SpoolOwner | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { service, instance, pid, host, pidSpace, processStart, startedAt } = document as Partial<
    Record<keyof SpoolOwner, unknown>
  >;
  if (!isText(service) || !isText(instance) || !isText(host) || !isText(startedAt)) return undefined;
  if (typeof pid !== 'number') return undefined;
  return {
    service,
    instance,
    pid,
    host,
    startedAt,
    pidSpace: isText(pidSpace) ? pidSpace : undefined,
    processStart: isText(processStart) ? processStart : undefined,
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

interface Draft {
  key: string;
  files: SpoolFile[];
  ownerTime: number | undefined;
  isClaimed: boolean;
  positions: string[];
  corrupt: SpoolFile[];
}

function newDraft(key: string): Draft {
  return { key, files: [], ownerTime: undefined, isClaimed: false, positions: [], corrupt: [] };
}
