import type { Claims } from './claim';
import type { LeaseWatch } from './lease-watch';
import { filesToDrop, type DropPolicy, type DroppableFile } from './policies';
import type { KeyListing, SpoolDirectory, SpoolFile } from './spool-directory';

interface DiskBudgetOptions {
  readonly directory: SpoolDirectory;
  readonly claims: Claims;
  readonly leases: LeaseWatch;
  /** For all processes that share the directory. */
  readonly maxBytes: number;
  readonly drop: DropPolicy;
  /** Whether this process is reading the file, or writing it. */
  isInUse(name: string): boolean;
  /** A file goes, to make room. @returns when it has gone */
  give(key: string, file: SpoolFile): Promise<void>;
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MIN_FILE_BYTES = 64 * 1024;
/** The budget holds this many files at least, so that one that is dropped is a small part of all. */
const FILES = 16;
/** A file takes its room in this number of steps: a process that spools little leaves the rest to the others. */
const STEPS = 16;

/** The new segments do not get in. */
export class SpoolFull extends Error {}

/** Keeps all processes of a directory together within their bytes: each takes room, step by step, before it writes there. */
export class DiskBudget {
  /** A file takes no more than this, unless one block alone does. */
  readonly fileBytes: number;
  readonly maxBytes: number;
  private readonly stepBytes: number;

  constructor(private readonly options: DiskBudgetOptions) {
    this.maxBytes = options.maxBytes;
    this.fileBytes = Math.min(MAX_FILE_BYTES, Math.max(MIN_FILE_BYTES, Math.floor(options.maxBytes / FILES)));
    this.stepBytes = Math.ceil(this.fileBytes / STEPS);
  }

  /**
   * Takes room for a file of ours to grow from one size to another. Rejects with {@link SpoolFull} where there is none.
   *
   * @param then is run while no other process takes room, with the size up to which the file may be written
   */
  reserve<T>(ownKey: string, from: number, to: number, then: (room: number) => T | Promise<T>): Promise<T> {
    const { claims, directory, drop, maxBytes } = this.options;
    return claims.locked(async () => {
      const listings = [...(await directory.list()).values()];
      const used = listings.reduce((sum, listing) => sum + this.reservedBytes(listing, ownKey), 0);
      const room = this.wholeSteps(to);
      const needed = used + room - from - maxBytes;
      const victims = needed > 0 ? filesToDrop(drop, await this.droppable(listings, ownKey), needed) : [];
      if (!victims) throw new SpoolFull(`${maxBytes} bytes are in use`);
      for (const { key, file } of victims) await this.options.give(key, file);
      return then(room);
    });
  }

  /** The last file of another process may still grow within its step. */
  private reservedBytes({ key, files, corrupt }: KeyListing, ownKey: string): number {
    let sum = 0;
    for (const { bytes } of [...files, ...corrupt]) sum += bytes;
    const last = files.at(-1);
    return last && key !== ownKey ? sum - last.bytes + this.wholeSteps(last.bytes) : sum;
  }

  private wholeSteps(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / this.stepBytes)) * this.stepBytes;
  }

  /** Files of ours, those of the dead that none has claimed, and what was set aside. */
  private async droppable(
    listings: readonly KeyListing[],
    ownKey: string,
  ): Promise<(DroppableFile & { readonly key: string; readonly file: SpoolFile })[]> {
    const found: (DroppableFile & { readonly key: string; readonly file: SpoolFile })[] = [];
    for (const listing of listings) {
      const { key, files, corrupt, isClaimed } = listing;
      const isOpen = key === ownKey || (!isClaimed && !(await this.options.leases.isLive(listing)));
      for (const file of isOpen ? [...files, ...corrupt] : corrupt)
        if (!this.options.isInUse(file.name)) found.push({ ...file, key, file });
    }
    return found;
  }
}
