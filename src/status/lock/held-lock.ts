import type { Stats } from 'node:fs';
import type { Clock } from '../../base/clock';

/** The lock that is ours: as it looks on the disk, and as proper-lockfile believes to have dated it. */
export class HeldLock {
  private readonly ino: number;
  private readonly takenMs: number;
  private readonly seenAt: number;
  private mtimeMs: number;
  private isBeingRenewed = false;

  /** @param stats of the lock just taken: its date is the file system's */
  constructor(
    private readonly clock: Clock,
    stats: Stats,
    private believed = stats.mtime,
  ) {
    this.ino = stats.ino;
    this.takenMs = this.mtimeMs = stats.mtimeMs;
    this.seenAt = clock.elapsed();
  }

  /** @returns undefined: somebody has put another in its place */
  mtimeOf({ ino, mtimeMs }: Stats): Date | undefined {
    return ino === this.ino && (this.isBeingRenewed || mtimeMs === this.mtimeMs) ? this.believed : undefined;
  }

  /** The date to give it, in milliseconds: the file system's, which is the same for all who read it. */
  renew(): number {
    this.isBeingRenewed = true;
    return this.takenMs + this.clock.elapsed() - this.seenAt;
  }

  /** @param believed what proper-lockfile meant it to be dated. @returns whether it was ours that was renewed */
  renewed({ ino, mtimeMs }: Stats, believed: Date): boolean {
    this.isBeingRenewed = false;
    if (ino !== this.ino) return false;
    this.mtimeMs = mtimeMs;
    this.believed = believed;
    return true;
  }
}
