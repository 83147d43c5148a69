import { mkdir, realpath, rmdir, rmdirSync, stat, utimes } from 'node:fs';
import * as promises from 'node:fs/promises';
import type ProperLockfile from 'proper-lockfile';
import type { Clock } from '../base/clock';
import { load } from './load';

export interface FileLockOptions {
  /** What is locked. */
  readonly path: string;
  readonly clock: Clock;
  /** Nobody waits for it any more. */
  isOver(): boolean;
}

/** The shortest that proper-lockfile knows: a lock left by a SIGKILL must not outlast the two seconds of a claim. */
const STALE_MS = 2_000;
/** Who held it longer than this may no longer be alone with it. */
const SAFE_MS = 1_500;
/** A lock that nobody has renewed for so long, while we were watching, is stale whatever the clocks say. */
const ABANDONED_MS = 3_000;
const ATTEMPT_EVERY_MS = 20;

/**
 * proper-lockfile, with its traps closed: by itself it does not wait (`retries: 0`), waits on timers that hold the
 * process, wants the locked file to exist (`realpath`), and throws from a timer when the lock is lost. Loading it patches
 * `fs.close` and listens to signals, so that is left until there is something to lock.
 */
export class FileLock {
  private lostBecause: Error | undefined;
  private letGo: () => Promise<void> = () => Promise.resolve();

  private constructor(
    private readonly clock: Clock,
    private readonly takenAt: number,
  ) {}

  /** The directory that is the lock. */
  static pathOf(path: string): string {
    return `${path}.lock`;
  }

  /** Rejects when the lock cannot be had in time, or not at all. */
  static async take(options: FileLockOptions): Promise<FileLock> {
    const lockfile = load('proper-lockfile') as typeof ProperLockfile;
    const { path, clock } = options;
    const other = new AbandonedLock(FileLock.pathOf(path), clock);
    for (;;) {
      const lock = new FileLock(clock, clock.elapsed());
      try {
        lock.letGo = await lockfile.lock(path, {
          realpath: false,
          retries: 0,
          stale: STALE_MS,
          fs: { mkdir, realpath, rmdir, rmdirSync, stat, utimes: utimesButTheFirst() },
          onCompromised: (error: Error) => {
            lock.lostBecause = error;
          },
        });
        return lock;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ELOCKED' || options.isOver()) throw error;
      }
      await other.removeIfAbandoned();
      await pause(clock, ATTEMPT_EVERY_MS * (0.5 + clock.random()));
    }
  }

  /** Nobody else can have it meanwhile. */
  get isHeld(): boolean {
    return this.lostBecause === undefined && this.clock.elapsed() - this.takenAt < SAFE_MS;
  }

  /** Never rejects: a lock that is lost is as good as let go. */
  async release(): Promise<void> {
    await this.letGo().catch(() => undefined);
  }
}

/** A lock that is waited for: its holder renews it every second. */
class AbandonedLock {
  private mtimeMs = 0;
  private since: number;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {
    this.since = clock.elapsed();
  }

  async removeIfAbandoned(): Promise<void> {
    try {
      const { mtimeMs } = await promises.stat(this.path);
      if (mtimeMs !== this.mtimeMs) this.since = this.clock.elapsed();
      this.mtimeMs = mtimeMs;
      if (this.clock.elapsed() - this.since >= ABANDONED_MS) await promises.rmdir(this.path);
    } catch {
      // It is gone, or not ours to remove; the next attempt will tell.
    }
  }
}

/**
 * To find out how exact a file system's times are, proper-lockfile first dates a lock up to a second ahead. Left so by
 * a SIGKILL it would be a second longer in going stale. The date that the file system gave it tells as much.
 */
function utimesButTheFirst() {
  let isFirst = true;
  return (path: string, atime: Date, mtime: Date, done: (error: NodeJS.ErrnoException | null) => void): void => {
    if (isFirst) done(null);
    else utimes(path, atime, mtime, done);
    isFirst = false;
  };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
