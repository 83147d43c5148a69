import { type Stats, lstat, lstatSync, lutimes, mkdir, realpath, rmdir, rmdirSync } from 'node:fs';
import type { Clock } from '../../base/clock';
import { HELD_PAUSE_MS, HELD_TRIES, isHeldByAnother } from '../../base/file/held-file';

/** The lock that is ours: as it looks on the disk, and as proper-lockfile believes to have dated it. */
class HeldLock {
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

  /** @returns undefined: another process has put its own in its place */
  mtimeOf({ ino, mtimeMs }: Stats): Date | undefined {
    return ino === this.ino && (this.isBeingRenewed || mtimeMs === this.mtimeMs) ? this.believed : undefined;
  }

  /** The date to give it, in milliseconds: the file system's, which all readers share. */
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

/**
 * Its holder renews it every second, and counts on it for 1.4 s after that. Less than the two seconds of a
 * claim: a lock that a SIGKILL left is no reason to go without a name.
 */
const ABANDONED_MS = 1_700;

/**
 * Another process's lock, seen from a process that waits for it. Our own stopwatch decides whether the holder lives: it
 * renews the lock, or releases it. Its date is read for being another than before, never held against a clock: ours, the holder's and
 * the file system's may be hours apart, and each may jump.
 */
class ForeignLock {
  private lock = '';
  private mtimeMs = 0;
  private since = 0;

  constructor(
    private readonly clock: Clock,
    /** The owner has changed: the queue for the lock moves. */
    private readonly onHandover: () => void,
  ) {}

  /** @param isTrusted whether its owner is: only then is it a process that takes its turn */
  see(stats: Stats, isTrusted: boolean): void {
    const lock = lockOf(stats);
    if (lock === this.lock && stats.mtimeMs === this.mtimeMs) return;
    if (lock !== this.lock && isTrusted) this.onHandover();
    this.lock = lock;
    this.mtimeMs = stats.mtimeMs;
    this.since = this.clock.elapsed();
  }

  /** What was seen last has not been touched for so long that its holder is no more. */
  get isAbandoned(): boolean {
    return this.clock.elapsed() - this.since >= ABANDONED_MS;
  }

  /** This is what was seen last, untouched. */
  isSame(stats: Stats): boolean {
    return lockOf(stats) === this.lock && stats.mtimeMs === this.mtimeMs;
  }
}

/** Numbers of removed inodes are reused at once; the birth time distinguishes them where the file system has it. */
function lockOf({ ino, birthtimeMs }: Stats): string {
  return `${ino}:${birthtimeMs}`;
}

type Done<T = void> = (error: NodeJS.ErrnoException | null, value?: T) => void;
/** As much of a `Date` as proper-lockfile asks of it. */
type Time = Pick<Stats['mtime'], 'getTime'>;

/** Stale by every clock. */
const ABANDONED: Time = { getTime: () => -Infinity };
/** Stale by none. */
const ALIVE: Time = { getTime: () => Infinity };
/** No process takes a lock for abandoned this early. */
const UNDOUBTED_MS = 1_000;
/** Less is the coarseness of the kernel's clock. */
const LEAST_AHEAD_MS = 1_000;

/**
 * The file system that proper-lockfile gets for one lock. By itself it holds the date of a lock against the wall clock of
 * the process that checks it: with a clock an hour ahead it takes every lock for stale, and a holder whose clock is
 * behind loses its locks. And it removes by name what may be another's by then. Here a date is only what it has to
 * be for proper-lockfile to judge rightly, and nothing is removed but what was meant. No link is followed: another user may
 * have put one in the place of a lock.
 */
export class LockFileSystem {
  readonly realpath = realpath;
  /** Rejects when proper-lockfile throws as it is called back: it will not settle what was asked of it. */
  readonly failed: Promise<never>;
  private fail: (error: Error) => void = () => undefined;
  private readonly sight: ForeignLock;
  private hasMade = false;
  private own: HeldLock | undefined;
  /** Our wall clock, before and after the lock was made. */
  private madeBetween: readonly [number, number] = [0, 0];
  private provenAt = -Infinity;
  private fileAheadMs = 0;

  /** @param isTrusted whether a lock of this user is waited for; any other counts as abandoned */
  constructor(
    private readonly clock: Clock,
    private readonly onHandover: () => void,
    private readonly isTrusted: (uid: number) => Promise<boolean> = () => Promise.resolve(true),
  ) {
    this.sight = new ForeignLock(clock, onHandover);
    this.failed = new Promise((_, reject) => (this.fail = reject));
  }

  /** When, by `elapsed`, the lock was last proven to be ours. */
  get ownSince(): number {
    return this.provenAt;
  }

  /** What the file system's clock is ahead of ours. */
  get aheadMs(): number {
    return this.fileAheadMs;
  }

  mkdir(path: string, asker: Done): void {
    const done = this.guarded(asker, path);
    const askedAt = this.clock.elapsed();
    const before = this.clock.now();
    // What another user puts into it would keep it there for ever.
    mkdir(path, { mode: 0o700 }, (error) => {
      this.hasMade = !error;
      this.own = undefined;
      if (!error) {
        this.provenAt = askedAt;
        this.madeBetween = [before, this.clock.now()];
      }
      done(error);
    });
  }

  stat(path: string, asker: Done<{ readonly mtime: Time }>): void {
    const done = this.guarded(asker, path);
    lstat(path, (error, stats) => {
      if (error?.code === 'ENOENT' && !this.own) this.vanished(done);
      else if (error) done(error);
      else if (this.hasMade) done(null, { mtime: this.dateOfOwn(stats) });
      else this.isTrusted(stats.uid).then((is) => done(null, { mtime: this.dateOfOther(stats, is) }), done);
    });
  }

  utimes(path: string, _: Date, mtime: Date, asker: Done): void {
    const done = this.guarded(asker, path);
    const { own } = this;
    const askedAt = this.clock.elapsed();
    // To find out how exact the file system's times are, it first dates a new lock up to a second ahead. The date that
    // it has shows the same.
    if (!own) {
      done(null);
      return;
    }
    const seconds = own.renew() / 1_000;
    lutimes(path, seconds, seconds, (error) => {
      if (error) {
        done(error);
        return;
      }
      lstat(path, (failure, stats) => {
        if (!failure && own.renewed(stats, mtime)) this.provenAt = askedAt;
        done(failure);
      });
    });
  }

  rmdir(path: string, asker: Done): void {
    const done = this.guarded(asker);
    if (this.clock.elapsed() - this.provenAt < UNDOUBTED_MS) {
      this.remove(path, done);
      return;
    }
    lstat(path, (error, stats) => {
      if (error) done(error);
      else if (this.isMeant(stats)) this.remove(path, done);
      else done(null);
    });
  }

  /**
   * Nothing catches what is thrown in a callback of the file system: it would end the process. And proper-lockfile throws
   * where the application has put a `get` or a `set` on `Object.prototype`, as a careless merge of a caller's JSON does.
   *
   * @param path a lock that is let go of then, if it is ours
   */
  private guarded<T>(done: Done<T>, path?: string): Done<T> {
    return (...result) => {
      try {
        done(...result);
      } catch (error) {
        const fail = (): void => this.fail(error as Error);
        if (path !== undefined && this.hasMade) this.rmdir(path, fail);
        else fail();
        // What lies there by then may be another process's.
        this.provenAt = -Infinity;
      }
    };
  }

  private remove(path: string, done: Done, tries = 1): void {
    rmdir(path, (error) => {
      // Another process that waits for the lock has just looked at it.
      if (error && isHeldByAnother(error) && tries < HELD_TRIES)
        this.clock.after(HELD_PAUSE_MS, () => this.remove(path, done, tries + 1));
      else done(error);
    });
  }

  /** The process ends. */
  rmdirSync(path: string): void {
    if (this.isMeant(lstatSync(path))) rmdirSync(path);
  }

  private vanished(done: Done<never>): void {
    this.onHandover();
    const message = this.hasMade ? 'it took so long that others took it for abandoned' : 'it has just been let go';
    // Only the next attempt can find out more.
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

  private dateOfOther(stats: Stats, isTrusted: boolean): Time {
    this.sight.see(stats, isTrusted);
    return !isTrusted || this.sight.isAbandoned ? ABANDONED : ALIVE;
  }

  /** The lock that we have just made is dated by the file system. */
  private readClock({ mtimeMs }: Stats): void {
    const [before, after] = this.madeBetween;
    const aheadMs = mtimeMs - Math.min(Math.max(mtimeMs, before), after);
    this.fileAheadMs = Math.abs(aheadMs) < LEAST_AHEAD_MS ? 0 : aheadMs;
  }
}
