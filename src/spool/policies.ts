/** What is known of a block that is being filled. */
interface OpenBlock {
  readonly bytes: number;
  readonly count: number;
  readonly ageMs: number;
}

/** When a block is sealed: as soon as one of these is reached. */
export interface SealLimits {
  readonly bytes: number;
  readonly count: number;
  readonly ageMs: number;
}

export function shouldSeal({ bytes, count, ageMs }: OpenBlock, limits: SealLimits): boolean {
  return count > 0 && (bytes >= limits.bytes || count >= limits.count || ageMs >= limits.ageMs);
}

/** What memory holds, and how long no backend has taken anything. */
export interface MemoryState {
  readonly waiting: number;
  readonly capacity: number;
  readonly awayMs: number;
}

/** No backend for this long: what waits is worth more on the disk than in memory. */
const SPILL_AFTER_MS = 5_000;

/** How many of the oldest segments go from memory to the disk now. */
export function spillCount({ waiting, capacity, awayMs }: MemoryState): number {
  if (awayMs >= SPILL_AFTER_MS) return waiting;
  // Half of a full memory goes, so that segments which come meanwhile have room.
  return waiting >= capacity ? waiting - Math.floor(capacity / 2) : 0;
}

export type AdoptPolicy = 'first' | 'any' | 'never';

/** A dead process's spool, as one of the living sees it. */
interface AdoptCase {
  readonly service: string;
  /** The process that asks. */
  readonly own: { readonly service: string; readonly key: string };
  /** Processes of the dead one's service that live, the asking one included. */
  readonly living: readonly { readonly instance: string; readonly key: string }[];
  /** The key of the process that has begun to deliver it. */
  readonly claimedBy?: string | undefined;
}

/**
 * Whether it falls to the process that asks to deliver what a dead one has left. `first`: to the first of the living
 * processes of the same service, by instance name, which is the same one for all who ask. `any`: to each of them, and
 * the lock decides. A process of another service never does. What a process has begun it brings to its end, also when it
 * is no longer the first: no other may while it lives.
 */
export function shouldAdopt(policy: AdoptPolicy, { service, own, living, claimedBy }: AdoptCase): boolean {
  if (policy === 'never' || service !== own.service) return false;
  if (claimedBy === own.key) return true;
  if (policy === 'any') return true;
  const sorted = [...living].sort((a, b) => compare(a.instance, b.instance) || compare(a.key, b.key));
  return sorted[0]?.key === own.key;
}

export type DropPolicy = 'oldest' | 'newest';

/** A file that may be given up for new segments. */
export interface DroppableFile {
  readonly name: string;
  readonly bytes: number;
  /** When it was last written to, milliseconds since 1970. */
  readonly time: number;
}

/**
 * What goes, so that `needed` bytes fit: the oldest files, as few as do. Undefined: nothing that may go makes room
 * enough, so the new segments do not get in. `newest`: they never do.
 */
export function filesToDrop<F extends DroppableFile>(
  policy: DropPolicy,
  files: readonly F[],
  needed: number,
): readonly F[] | undefined {
  if (needed <= 0) return [];
  if (policy === 'newest') return undefined;
  const chosen: F[] = [];
  let freed = 0;
  for (const file of [...files].sort((a, b) => a.time - b.time || compare(a.name, b.name))) {
    if (freed >= needed) break;
    chosen.push(file);
    freed += file.bytes;
  }
  return freed >= needed ? chosen : undefined;
}

export type FsyncPolicy = 'never' | 'block' | 'interval';

const FSYNC_INTERVAL_MS = 1_000;

/** Whether the disk is asked, after a block was written, to have it for good. */
export function shouldSync(policy: FsyncPolicy, sinceLastMs: number): boolean {
  return policy === 'block' || (policy === 'interval' && sinceLastMs >= FSYNC_INTERVAL_MS);
}

/** By code units: the same order in every process, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The named sizes of a block. */
export const SEAL_LIMITS: Readonly<Record<'small' | 'medium' | 'large', SealLimits>> = {
  small: { bytes: 16 * 1024, count: 64, ageMs: 200 },
  medium: { bytes: 64 * 1024, count: 512, ageMs: 1_000 },
  large: { bytes: 256 * 1024, count: 2_048, ageMs: 5_000 },
};
