import type { Clock } from '../base/clock';
import type { KeyListing, SpoolDirectory, SpoolOwner } from './spool-directory';

/** A process shows that it lives this often … */
export const LEASE_MS = 10_000;
/** … and counts as dead after this many times as long without. */
const LEASES_UNTIL_DEAD = 6;
/** An observer that looked away for longer than this many times as long was itself frozen, and begins anew. */
const LEASES_BETWEEN_LOOKS = 3;

/** What shows that the owner of a key lives. */
type Sign = Pick<KeyListing, 'key' | 'ownerTime'>;

interface Seen {
  readonly time: number;
  readonly since: number;
  readonly lookedAt: number;
}

/**
 * Whether the processes of a spool live. One whose pid is gone is dead. One that has not touched its file is dead after
 * a minute by our own stopwatch: the date of the file is read for being another than before, never held against a clock.
 */
export class LeaseWatch {
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly directory: SpoolDirectory,
    private readonly clock: Clock,
    private readonly leaseMs: number,
  ) {}

  /** @param owner undefined: there is no file that says whose it is, and so no process that touches it */
  async isLive(listing: Sign, owner?: SpoolOwner): Promise<boolean> {
    const { key, ownerTime } = listing;
    if (ownerTime === undefined) return false;
    const isOverdue = this.isOverdue(listing);
    const known = owner ?? (await this.directory.readOwner(key));
    if (known && (await this.directory.stateOf(known)) === 'gone') return false;
    return !isOverdue;
  }

  async isLiveKey(key: string): Promise<boolean> {
    return this.isLive({ key, ownerTime: await this.directory.ownerTime(key) });
  }

  /** Whether it has not shown for so long that it lives that it counts as dead, whatever its pid says. Reads nothing. */
  isOverdue({ key, ownerTime }: Sign): boolean {
    if (ownerTime === undefined) return true;
    const { since, lookedAt } = this.look(key, ownerTime);
    return lookedAt - since >= LEASES_UNTIL_DEAD * this.leaseMs;
  }

  /** Forgets what is no longer there. */
  keepOnly(keys: ReadonlyMap<string, unknown>): void {
    for (const key of this.seen.keys()) if (!keys.has(key)) this.seen.delete(key);
  }

  private look(key: string, time: number): Seen {
    const now = this.clock.elapsed();
    const seen = this.seen.get(key);
    const hasWatched = seen?.time === time && now - seen.lookedAt <= LEASES_BETWEEN_LOOKS * this.leaseMs;
    const looked = { time, since: hasWatched ? seen.since : now, lookedAt: now };
    this.seen.set(key, looked);
    return looked;
  }
}
