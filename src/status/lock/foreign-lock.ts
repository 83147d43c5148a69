import type { Stats } from 'node:fs';
import type { Clock } from '../../base/clock';

/**
 * Its holder renews it every second, and believes it to be his for 1.4 s after that. Less than the two seconds of a
 * claim: a lock that a SIGKILL left is no reason to go without a name.
 */
const ABANDONED_MS = 1_700;

/**
 * Somebody else's lock, as one sees it who waits for it. Whether its holder lives is told by our own stopwatch: he renews
 * it, or lets it go. Its date is read for being another than before, never held against a clock: ours, the holder's and
 * the file system's may be hours apart, and each may jump.
 */
export class ForeignLock {
  private lock = '';
  private mtimeMs = 0;
  private since = 0;

  constructor(
    private readonly clock: Clock,
    /** It is another's now than it was: whoever waits is in a queue that moves. */
    private readonly onHandover: () => void,
  ) {}

  see(stats: Stats): void {
    const lock = lockOf(stats);
    if (lock === this.lock && stats.mtimeMs === this.mtimeMs) return;
    if (lock !== this.lock) this.onHandover();
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

/** Numbers of removed inodes are given out again at once; the birth tells them apart where the file system knows it. */
function lockOf({ ino, birthtimeMs }: Stats): string {
  return `${ino}:${birthtimeMs}`;
}
