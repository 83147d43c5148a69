import type { Clock } from '../base/clock';
import { FileLock } from '../status/lock/file-lock';
import type { LeaseWatch } from './lease-watch';
import type { KeyListing, SpoolDirectory } from './spool-directory';

/** Up to where a spool was delivered: in this file, before this byte. */
interface SpoolPosition {
  readonly sequence: number;
  readonly offset: number;
  /** Segments of the block before `offset` that were on their way, to be sent at most once. Absent: their fate is known. */
  readonly unsettled?: number;
}

/** The farthest position, and whose it is. */
export interface ReaderPosition extends SpoolPosition {
  /** Undefined: none has begun to read. */
  readonly reader: string | undefined;
}

const FIRST_POSITION: ReaderPosition = { sequence: 0, offset: 0, reader: undefined };

/** `<key>.claim`: another process delivers what the owner of the key has left. */
export interface Claim {
  /** The key of the process that delivers. */
  readonly by: string;
  /**
   * How much of each file is the claimer's. What an owner that was only frozen appends behind that is the owner's to
   * write again elsewhere, so it stays the same for every claimer that follows. Null: not looked up yet.
   */
  readonly ends: Readonly<Record<string, number>> | null;
  /** All is delivered; it stands here for an owner that was only frozen. */
  readonly isDone: boolean;
}

interface ClaimsOptions {
  readonly directory: SpoolDirectory;
  readonly clock: Clock;
  readonly leases: Pick<LeaseWatch, 'isLive' | 'isLiveKey'>;
}

/** What a process that waits for the lock gives up after. */
const LOCK_MS = 10_000;
/** A claimer looks the sizes up within moments. */
const CLAIMER_MS = 100;

/**
 * Who delivers what. Owner and claimer each write first and read afterwards: the owner a block and then the claim, the
 * claimer the claim and then the sizes; a reader its position and then the claim, the claimer the claim and then the
 * positions. So of two that meet, at least one sees the other.
 */
export class Claims {
  constructor(private readonly options: ClaimsOptions) {}

  async read(key: string): Promise<Claim | undefined> {
    return parseClaim(await this.options.directory.readJson(`${key}.claim`));
  }

  async isHeldBy(key: string, claimer: string): Promise<boolean> {
    const claim = await this.read(key);
    return claim !== undefined && claim.by === claimer && !claim.isDone;
  }

  /** @returns undefined: its owner or another claimer lives, or nothing is left */
  take(key: string, claimer: string): Promise<Claim | undefined> {
    return this.locked(async (isHeld) => {
      const { directory, leases } = this.options;
      const listing = await directory.listKey(key);
      if (!listing || listing.files.length === 0 || (await leases.isLive(listing))) return undefined;
      const before = await this.read(key);
      if (before?.isDone === true) return undefined;
      if (before && before.by !== claimer && (await leases.isLiveKey(before.by))) return undefined;
      // A process that was frozen in between would overwrite the claim of the one that has the lock now.
      if (!isHeld()) return undefined;
      const claim: Claim = { by: claimer, ends: before?.ends ?? null, isDone: false };
      await this.write(key, claim, claimer);
      if (claim.ends) return claim;
      const files = (await directory.listKey(key))?.files ?? [];
      const whole = { ...claim, ends: Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])) };
      if (!isHeld()) return undefined;
      await this.write(key, whole, claimer);
      return whole;
    });
  }

  /**
   * For an owner that finds its key claimed: how much of its files is the claimer's.
   *
   * @param own how far the owner has written: where the claimer died before it looked, that is what the next one gets
   */
  async endsFor(key: string, own: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
    for (;;) {
      const claim = await this.read(key);
      if (claim?.ends !== null) return claim?.ends ?? {};
      if (await this.options.leases.isLiveKey(claim.by))
        await new Promise<void>((resolve) => this.options.clock.after(CLAIMER_MS, resolve));
      else await this.endClaim(key, own);
    }
  }

  private endClaim(key: string, ends: Readonly<Record<string, number>>): Promise<void> {
    return this.locked(async () => {
      const claim = await this.read(key);
      if (claim?.ends === null) await this.write(key, { ...claim, ends }, key);
    });
  }

  /** Everything was delivered. */
  async finish(key: string, claimer: string): Promise<void> {
    await this.locked(async () => {
      const claim = await this.read(key);
      if (claim?.by !== claimer) return;
      await this.write(key, { ...claim, isDone: true }, claimer);
    });
  }

  /** The farthest that a reader of these files has come: each records its position in a file of its own. */
  async position(key: string): Promise<ReaderPosition> {
    const { directory } = this.options;
    let farthest = FIRST_POSITION;
    for (const reader of (await directory.listKey(key))?.positions ?? []) {
      const position = parsePosition(await directory.readJson(positionName(key, reader)));
      if (position && isBehind(farthest, position)) farthest = { ...position, reader };
    }
    return farthest;
  }

  async record(key: string, reader: string, position: SpoolPosition): Promise<void> {
    const { directory } = this.options;
    const name = positionName(key, reader);
    try {
      await directory.writeJson(name, position, reader);
    } catch (error) {
      // What is delivered is what frees the disk: that must not depend on its having room.
      if (!isFullDisk(error) || !(await directory.has(name))) throw error;
      await directory.overwriteJson(name, position);
    }
  }

  /**
   * Runs `work` while no other process claims anything or takes room on the disk; `isHeld` tells whether that still holds
   * after a while in which this one may have been frozen.
   */
  async locked<T>(work: (isHeld: () => boolean) => Promise<T>): Promise<T> {
    const { clock, directory } = this.options;
    const until = clock.elapsed() + LOCK_MS;
    const lock = await FileLock.take({
      path: directory.at('spool'),
      clock,
      isPatient: true,
      isOver: () => clock.elapsed() >= until,
      onHandover: () => undefined,
    });
    try {
      return await work(() => lock.isHeld);
    } finally {
      await lock.release();
    }
  }

  private write(key: string, claim: Claim, claimer: string): Promise<void> {
    return this.options.directory.writeJson(`${key}.claim`, claim, tokenOf(claimer));
  }
}

/** Removes all that is left of a process: the files first, so that a crash in between leaves its owner to be seen. */
export async function removeKey(directory: SpoolDirectory, { key, files, positions }: KeyListing): Promise<void> {
  for (const { name } of files) await directory.remove(name);
  for (const reader of positions) await directory.remove(positionName(key, reader));
  await directory.remove(`${key}.owner`);
  await directory.remove(`${key}.claim`);
}

function positionName(key: string, reader: string): string {
  return `${key}.${reader}.position`;
}

function isFullDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code));
}

/** The random digits at the end of a key. */
export function tokenOf(key: string): string {
  return key.slice(-8);
}

function isBehind(a: SpoolPosition, b: SpoolPosition): boolean {
  if (a.sequence !== b.sequence) return a.sequence < b.sequence;
  // At the same place the one counts that knows what became of the block before it.
  return a.offset < b.offset || (a.offset === b.offset && a.unsettled !== undefined && b.unsettled === undefined);
}

function parsePosition(document: unknown): SpoolPosition | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { sequence, offset, unsettled } = document as Partial<Record<keyof SpoolPosition, unknown>>;
  if (!isCount(sequence) || !isCount(offset)) return undefined;
  return { sequence, offset, ...(isCount(unsettled) && { unsettled }) };
}

function parseClaim(document: unknown): Claim | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { by, ends, isDone } = document as Partial<Record<keyof Claim, unknown>>;
  if (typeof by !== 'string' || typeof ends !== 'object') return undefined;
  return {
    by,
    ends: ends && Object.fromEntries(Object.entries(ends).filter(([, end]) => isCount(end))),
    isDone: isDone === true,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
