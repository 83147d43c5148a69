import type { Claims } from './claim';
import type { LeaseWatch } from './lease-watch';
import { filesToDrop, type DropPolicy, type DroppableFile } from './policies';
import type { KeyListing, SpoolDirectory, SpoolFile } from './spool-directory';

export interface DiskBudgetOptions {
  readonly directory: SpoolDirectory;
  readonly claims: Claims;
  readonly leases: LeaseWatch;
  /** Of all processes that share the directory. */
  readonly maxBytes: number;
  readonly drop: DropPolicy;
  /** Whether this process is reading the file. */
  isBeingRead(name: string): boolean;
  /** A file goes, to make room. @returns when it has gone */
  give(key: string, file: SpoolFile): Promise<void>;
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MIN_FILE_BYTES = 64 * 1024;
/** The budget holds this many files at least, so that one that is dropped is a small part of all. */
const FILES = 16;

/** The new segments do not get in. */
export class SpoolFull extends Error {}

/** Keeps all processes of a directory together within their bytes: each takes the room for a whole file beforehand. */
export class DiskBudget {
  /** A file takes no more than this, unless one block alone does. */
  readonly fileBytes: number;
  readonly maxBytes: number;

  constructor(private readonly options: DiskBudgetOptions) {
    this.maxBytes = options.maxBytes;
    this.fileBytes = Math.min(MAX_FILE_BYTES, Math.max(MIN_FILE_BYTES, Math.floor(options.maxBytes / FILES)));
  }

  /** Makes a file once there is room for it. Rejects with {@link SpoolFull} where none can be made. */
  reserve<T>(ownKey: string, leastBytes: number, create: () => Promise<T>): Promise<T> {
    const { claims, directory, drop, maxBytes } = this.options;
    return claims.locked(async () => {
      const listings = [...(await directory.list()).values()];
      const used = listings.reduce((sum, listing) => sum + this.reservedBytes(listing, ownKey), 0);
      const needed = used + Math.max(this.fileBytes, leastBytes) - maxBytes;
      const victims = needed > 0 ? filesToDrop(drop, await this.droppable(listings, ownKey), needed) : [];
      if (!victims) throw new SpoolFull(`${maxBytes} bytes are in use`);
      for (const { key, file } of victims) await this.options.give(key, file);
      return create();
    });
  }

  /** The last file of a process may still grow. We close ours before we make another. */
  private reservedBytes({ key, files, corrupt }: KeyListing, ownKey: string): number {
    let sum = 0;
    for (const { bytes } of [...files, ...corrupt]) sum += bytes;
    const last = files.at(-1);
    return last && key !== ownKey ? sum - last.bytes + Math.max(last.bytes, this.fileBytes) : sum;
  }

  /** Files of ours, those of the dead that none has claimed, and what was set aside. */
  private async droppable(
    listings: readonly KeyListing[],
    ownKey: string,
  ): Promise<(DroppableFile & { readonly key: string; readonly file: SpoolFile })[]> {
    const found: (DroppableFile & { readonly key: string; readonly file: SpoolFile })[] = [];
    for (const listing of listings) {
      const { key, files, corrupt, claimTime } = listing;
      const isOpen = key === ownKey || (claimTime === undefined && !(await this.options.leases.isLive(listing)));
      for (const file of isOpen ? [...files, ...corrupt] : corrupt)
        if (!this.options.isBeingRead(file.name)) found.push({ ...file, key, file });
    }
    return found;
  }
}
