import { mkdir, realpath, rmdir, rmdirSync, stat, statSync, utimes, type Stats } from 'node:fs';
import type { Clock } from '../../base/clock';
import { ForeignLock } from './foreign-lock';
import { HeldLock } from './held-lock';

type Done<T = void> = (error: NodeJS.ErrnoException | null, value?: T) => void;
/** As much of a `Date` as proper-lockfile asks of it. */
type Time = Pick<Stats['mtime'], 'getTime'>;

/** Stale by every clock. */
const ABANDONED: Time = { getTime: () => -Infinity };
/** Stale by none. */
const ALIVE: Time = { getTime: () => Infinity };
/** Nobody takes a lock for abandoned so soon. */
const UNDOUBTED_MS = 1_000;
/** Less is the coarseness of the kernel's clock. */
const LEAST_AHEAD_MS = 1_000;

/**
 * The file system that proper-lockfile gets for one lock. By itself it holds the date of a lock against the wall clock of
 * whoever looks: with a clock an hour ahead it takes every lock for stale, and the locks of a holder whose clock is
 * behind are taken from him. And it removes by name what may be another's by then. Here a date is only what it has to
 * be for proper-lockfile to judge rightly, and nothing is removed but what was meant.
 */
export class LockFileSystem {
  readonly realpath = realpath;
  private readonly sight: ForeignLock;
  private hasMade = false;
  private own: HeldLock | undefined;
  /** Our wall clock, before and after the lock was made. */
  private madeBetween: readonly [number, number] = [0, 0];
  private provenAt = -Infinity;
  private fileAheadMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onHandover: () => void,
  ) {
    this.sight = new ForeignLock(clock, onHandover);
  }

  /** When, by `elapsed`, the lock was last proven to be ours. */
  get ownSince(): number {
    return this.provenAt;
  }

  /** What the file system's clock is ahead of ours. */
  get aheadMs(): number {
    return this.fileAheadMs;
  }

  mkdir(path: string, done: Done): void {
    const askedAt = this.clock.elapsed();
    const before = this.clock.now();
    mkdir(path, (error) => {
      this.hasMade = !error;
      this.own = undefined;
      if (!error) {
        this.provenAt = askedAt;
        this.madeBetween = [before, this.clock.now()];
      }
      done(error);
    });
  }

  stat(path: string, done: Done<{ readonly mtime: Time }>): void {
    stat(path, (error, stats) => {
      if (error?.code === 'ENOENT' && !this.own) this.vanished(done);
      else if (error) done(error);
      else done(null, { mtime: this.hasMade ? this.dateOfOwn(stats) : this.dateOfOther(stats) });
    });
  }

  utimes(path: string, _: Date, mtime: Date, done: Done): void {
    const { own } = this;
    const askedAt = this.clock.elapsed();
    // To find out how exact the file system's times are, it first dates a new lock up to a second ahead. The date that
    // it has tells as much.
    if (!own) {
      done(null);
      return;
    }
    const seconds = own.renew() / 1_000;
    utimes(path, seconds, seconds, (error) => {
      if (error) {
        done(error);
        return;
      }
      stat(path, (failure, stats) => {
        if (!failure && own.renewed(stats, mtime)) this.provenAt = askedAt;
        done(failure);
      });
    });
  }

  rmdir(path: string, done: Done): void {
    if (this.clock.elapsed() - this.provenAt < UNDOUBTED_MS) {
      rmdir(path, done);
      return;
    }
    stat(path, (error, stats) => {
      if (error) done(error);
      else if (this.isMeant(stats)) rmdir(path, done);
      else done(null);
    });
  }

  /** The process ends. */
  rmdirSync(path: string): void {
    if (this.isMeant(statSync(path))) rmdirSync(path);
  }

  private vanished(done: Done<never>): void {
    this.onHandover();
    const message = this.hasMade ? 'it took so long that others took it for abandoned' : 'it has just been let go';
    // Only the next attempt can tell more.
    done(Object.assign(new Error(message), { code: this.hasMade ? 'ELOCKED' : 'ENOENT' }));
  }

  private isMeant(stats: Stats): boolean {
    return this.hasMade ? this.own?.mtimeOf(stats) !== undefined : this.sight.isSame(stats);
  }

  private dateOfOwn(stats: Stats): Time {
    if (!this.own) {
      this.own = new HeldLock(this.clock, stats);
      this.readClock(stats);
    }
    return this.own.mtimeOf(stats) ?? ABANDONED;
  }

  private dateOfOther(stats: Stats): Time {
    this.sight.see(stats);
    return this.sight.isAbandoned ? ABANDONED : ALIVE;
  }

  /** The lock that we have just made is dated by the file system. */
  private readClock({ mtimeMs }: Stats): void {
    const [before, after] = this.madeBetween;
    const aheadMs = mtimeMs - Math.min(Math.max(mtimeMs, before), after);
    this.fileAheadMs = Math.abs(aheadMs) < LEAST_AHEAD_MS ? 0 : aheadMs;
  }
}
