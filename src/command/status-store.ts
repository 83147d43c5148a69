import { constants, open, rename, stat, unlink } from 'node:fs/promises';
import type { Clock } from '../base/clock';
import { FileLock } from './file-lock';
import { openFile } from './open-file';
import { formatEntries, parseEntries, type StatusEntries } from './status-entry';

export interface StatusStoreOptions {
  /** Absolute. */
  readonly path: string;
  /** Ours alone: names the temporary file. */
  readonly token: string;
  readonly clock: Clock;
}

const LARGEST_BYTES = 4 * 1024 * 1024;
const TOKEN = /^[0-9a-f]{32}$/;

/** The status file on its disk: one JSON document that all processes share, changed under a lock and replaced whole. */
export class StatusStore {
  /** What the file system's clock is ahead of ours. */
  aheadMs = 0;

  constructor(private readonly options: StatusStoreOptions) {}

  /**
   * Read, change, replace. Rejects where that cannot be done.
   * @param change returns undefined to leave the file as it is
   * @param isOver it is too late: nothing is to be written any more
   */
  async update(
    change: (entries: StatusEntries) => Promise<StatusEntries | undefined>,
    isOver: () => boolean,
  ): Promise<void> {
    const { path, clock } = this.options;
    const lock = await FileLock.take({ path, clock, isOver });
    try {
      await this.readClock();
      const changed = await change(await this.read());
      if (!changed) return;
      await this.writeAside(formatEntries(changed));
      // The host may have stood still in between: what was read is old then, and the name perhaps somebody else's.
      if (!lock.isHeld || isOver()) throw new Error('it took too long');
      await rename(this.asideOf(this.options.token), path);
    } finally {
      await lock.release();
    }
  }

  /** What there is, without a lock: for reading only. */
  async read(): Promise<StatusEntries> {
    try {
      return parseEntries(await this.readText());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') return new Map();
      throw error;
    }
  }

  /** Removes what the owner of an entry left half written. @param token from the file, so not to be believed */
  async removeAside(token: unknown): Promise<void> {
    if (typeof token === 'string' && TOKEN.test(token)) await unlink(this.asideOf(token)).catch(() => undefined);
  }

  /** The lock that we have just taken is dated by the file system. */
  private async readClock(): Promise<void> {
    const aheadMs = (await stat(FileLock.pathOf(this.options.path))).mtimeMs - this.options.clock.now();
    // Less is the coarseness of the kernel's clock, and the time that this took.
    this.aheadMs = Math.abs(aheadMs) < 1_000 ? 0 : aheadMs;
  }

  private async readText(): Promise<string> {
    const handle = await openFile(this.options.path, constants.O_RDONLY);
    try {
      const stats = await handle.stat();
      return stats.isFile() && stats.size <= LARGEST_BYTES ? await handle.readFile('utf8') : '';
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  private async writeAside(text: string): Promise<void> {
    const { token } = this.options;
    const aside = this.asideOf(token);
    await this.removeAside(token);
    // Exclusively: in a directory like /tmp somebody may have put a link there.
    const handle = await open(aside, 'wx', 0o644);
    try {
      await handle.writeFile(text);
      await handle.chmod(0o644);
    } catch (error) {
      await this.removeAside(token);
      throw error;
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  private asideOf(token: string): string {
    return `${this.options.path}.${token}.tmp`;
  }
}
