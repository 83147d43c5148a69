import type { Clock, Timer } from '../base/clock';

const FIRST_PATIENCE_MS = 40;
const LONGEST_PATIENCE_MS = 5_000;
const SLOWEST_LOOK_MS = 200;

/** Requests to the operating system that hold the process up although their socket is unref'd. */
const REQUEST = /^(TCP|Simple)?(Connect|Shutdown|Write)Wrap$/;
/** Stdout and stderr are listed once they were written to, though they hold nothing up. */
const STDIO = /^(Pipe|TTY)Wrap$/;
const LISTED_STDIO = 2;

/**
 * An unref'd socket still holds the process up while it connects, and while the kernel takes no more bytes: libuv
 * counts such requests as life. So while one of ours is under way, this looks whether nothing else is left, and then
 * lets go of it.
 */
export class IdleProcessGuard {
  private patienceMs = FIRST_PATIENCE_MS;

  constructor(private readonly clock: Clock) {}

  /** @returns takes the watch back; call it as soon as the request is through. */
  guard(letGo: () => void): () => void {
    // Not every kind of work can be told from nothing (worker threads, crypto, zlib are not listed, a pipe to another
    // process looks like stdout). If the process outlives our letting go, there was some: the next request gets more
    // time.
    let waitMs = this.patienceMs;
    let timer: Timer;
    const look = (): void => {
      if (isAlone()) {
        this.patienceMs = Math.min(this.patienceMs * 4, LONGEST_PATIENCE_MS);
        letGo();
        return;
      }
      waitMs = Math.max(this.patienceMs, Math.min(waitMs * 1.5, SLOWEST_LOOK_MS));
      timer = this.clock.after(waitMs, look);
    };
    timer = this.clock.after(waitMs, look);
    return () => timer.cancel();
  }
}

/** A single request is all that holds the process up: it is the one that is watched. */
function isAlone(): boolean {
  const kinds = process.getActiveResourcesInfo();
  const others = kinds.filter((kind) => !REQUEST.test(kind));
  return (
    kinds.length === others.length + 1 && others.length <= LISTED_STDIO && others.every((kind) => STDIO.test(kind))
  );
}
