import type ProperLockfile from 'proper-lockfile';
import { define } from '../../base/define';
import { modules } from '../../base/lazy';
import { signalExitCopies, turnOffSignalExit } from './signal-exit-listeners';
import type { Clock } from '../../base/clock';
import { LockFileSystem } from './lock-file-system';
import { HELD_TRIES, isHeldByAnother } from '../../base/file/held-file';
import type { ProgressDeadline } from '../../base/deadline';

type Lockfile = typeof ProperLockfile;
/** What signal-exit replaces; the second is not in Node's types. */
type Patched = { emit: typeof process.emit; reallyExit: unknown };

let loaded: Lockfile | undefined;

/**
 * proper-lockfile without the signal-exit that it brings along. That listens to every signal that may end a process,
 * and a process with a listener no longer ends inside of `process.kill(process.pid, signal)`: an application that
 * closes and then sends itself the signal again would end with exit code 0, or not at all. It counts the other listeners
 * when those that listen once are gone, and would end an application in the middle of its shutdown. And it replaces
 * `process.emit` and `process.reallyExit`. An application that uses the same copy of signal-exit turns it on again.
 */
function loadLockfile(): Lockfile {
  loaded ??= loadQuietly();
  return loaded;
}

function loadQuietly(): Lockfile {
  const patched = process as unknown as Patched;
  const { emit, reallyExit } = patched;
  const before = signalExitCopies();
  const { lockfile, listener } = loadWithoutFileSizeSignal();
  // Otherwise the application has turned this copy on before.
  if (signalExitCopies() === before || !listener || !turnOffSignalExit(ANY_SIGNAL, listener)) return lockfile;
  if (patched.emit !== emit) patched.emit = emit;
  if (patched.reallyExit !== reallyExit) patched.reallyExit = reallyExit;
  return lockfile;
}

/** signal-exit listens to it on every platform, and hardly anything else does. */
const ANY_SIGNAL = 'SIGALRM';

/**
 * Node ignores SIGXFSZ, so that a write over the limit of file sizes (`ulimit -f`) fails with EFBIG. A listener that comes
 * and goes, as signal-exit's, leaves the signal at its default: the next such write, also of the application, would end
 * the process. So that listener is not taken. Returns one of the others, too.
 */
function loadWithoutFileSizeSignal(): { readonly lockfile: Lockfile; readonly listener: (() => void) | undefined } {
  const own = Object.getOwnPropertyDescriptor(process, 'on');
  const on = process.on.bind(process);
  let isLoading = true;
  let listener: (() => void) | undefined;
  const others = (name: string, heard: () => void): NodeJS.Process => {
    if (isLoading && name === ANY_SIGNAL) listener = heard;
    return isLoading && name === 'SIGXFSZ' ? process : on(name, heard);
  };
  // A frozen process is left as it is.
  define(process, 'on', { value: others, configurable: true, writable: true });
  try {
    const lockfile = modules.lockfile();
    return { lockfile, listener };
  } finally {
    isLoading = false;
    // What another tool has put in its place meanwhile stays, and calls ours, which only passes on from now on.
    if (Object.getOwnPropertyDescriptor(process, 'on')?.value === others) {
      if (own) define(process, 'on', own);
      else Reflect.deleteProperty(process, 'on');
    }
  }
}

/** A process that waits for a lock. */
export interface LockRequest {
  /** Others are to have it first. */
  readonly isPatient: boolean;
  /** It is not wanted any more. */
  readonly isOver: () => boolean;
  /** It has gone from one to another. */
  readonly onHandover: () => void;
}

interface FileLockOptions extends LockRequest {
  /** What is locked. */
  readonly path: string;
  readonly clock: Clock;
  /** Whether a lock of this user is waited for; any other counts as abandoned. Default: every user's is. */
  readonly isTrusted?: (uid: number) => Promise<boolean>;
}

/** The least that proper-lockfile takes, which makes it renew its lock every second. */
const STALE_MS = 2_000;
/** After this long without a proof of ownership, another process may hold the lock too. */
const SAFE_MS = 1_400;
/** Between two attempts. The same for all urgent requests, so that a new one gets no advantage over an older one. */
const PAUSE_MS = 40;
/** For patient requests, where many wait: frequent attempts slow the holder down. */
const LONGEST_PAUSE_MS = 320;

/**
 * proper-lockfile, with its traps closed: by itself it does not wait (`retries: 0`), waits on timers that hold the
 * process, wants the locked file to exist (`realpath`), throws from a timer when the lock is lost, and believes in
 * clocks (LockFs). Loading it patches `fs.close`, so that is left until there is something to lock.
 */
export class FileLock {
  private lostBecause: Error | undefined;
  private letGo: () => Promise<void> = () => Promise.resolve();

  private constructor(
    private readonly clock: Clock,
    private readonly fs: LockFileSystem,
    /** The lock itself, a directory. */
    private readonly directory: string,
  ) {}

  /** Rejects when the lock cannot be had in time, or not at all. */
  static async take(options: FileLockOptions): Promise<FileLock> {
    const lockfile = loadLockfile();
    const { path, clock } = options;
    const fs = new LockFileSystem(clock, options.onHandover, options.isTrusted);
    // Else it is made by the absolute path, which may lead elsewhere than to the directory that we are in.
    const lockfilePath = `${path}.lock`;
    const lock = new FileLock(clock, fs, lockfilePath);
    const onCompromised = (error: Error): void => void (lock.lostBecause = error);
    fs.failed.catch(onCompromised);
    let giveUp: (error: unknown) => void = () => undefined;
    fs.failed.catch((error: unknown) => giveUp(error));
    let refusals = 0;
    for (let pauseMs = PAUSE_MS; ;) {
      try {
        const how = { realpath: false, retries: 0, stale: STALE_MS, lockfilePath, fs, onCompromised };
        const locked = lockfile.lock(path, how);
        // `Promise.race` would leave something of each attempt on the promise that lasts.
        lock.letGo = await new Promise((resolve, reject) => {
          giveUp = reject;
          locked.then(resolve, reject);
        });
        process.once('exit', lock.onExit);
        return lock;
      } catch (error) {
        // A lock that is just being removed, or a directory in which nothing may be made: only the next attempts can find out.
        const isTaken = (error as NodeJS.ErrnoException).code === 'ELOCKED';
        const mayBeTaken = isTaken || (isHeldByAnother(error) && ++refusals < HELD_TRIES);
        if (!mayBeTaken || options.isOver()) throw error;
      }
      await pause(clock, pauseMs * (0.5 + clock.random()));
      if (options.isPatient) pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** No other process can have it meanwhile. */
  get isHeld(): boolean {
    return this.lostBecause === undefined && this.clock.elapsed() - this.fs.ownSince < SAFE_MS;
  }

  /** What the file system's clock is ahead of ours. */
  get fileAheadMs(): number {
    return this.fs.aheadMs;
  }

  /** Never rejects: a lock that is lost is as good as let go. */
  async release(): Promise<void> {
    await this.letGo().catch(() => undefined);
    process.removeListener('exit', this.onExit);
  }

  /** Another process need not wait until it counts as abandoned. */
  private readonly onExit = (): void => {
    try {
      this.fs.rmdirSync(this.directory);
    } catch {
      // It is gone already.
    }
  };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** A request that ends with the deadline, which is renewed whenever the lock changes its owner. */
export function waiterOf(deadline: ProgressDeadline): LockRequest {
  return { isPatient: false, isOver: () => deadline.isOver, onHandover: () => deadline.renew() };
}
