import { watch as watchNatively, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '../../base/clock';
import { modules } from '../../base/lazy';

export interface FileEventsOptions {
  readonly directory: string;
  readonly file: string;
  /** There is something to watch at `file`. */
  readonly isFilePresent: boolean;
  readonly clock: Clock;
  /** Go and look. */
  onHint(): void;
  /** Nothing can be watched (any more): inotify is exhausted, or too much happens. Called once at most. */
  onError(error: unknown): void;
}

/** More than twice what Linux keeps for a reader, so that one queue that overflowed is none. Read in some 50 ms. */
const FLOOD = { events: 40_000, withinMs: 2_000 };

interface Watcher {
  close(): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/**
 * Says that the file may have changed; what it says now, only the file knows.
 *
 * chokidar watches the file, and the directory is watched beside it by Node itself: for a directory chokidar lists
 * and stats all that is in it at every event in it. Measured with 20 files and 200 writes a second beside ours, that
 * took 44 % of a core, with 2,000 files all of one, against 1 % this way. And only on Linux: a watcher that is not
 * persistent gets no `error` listener from chokidar 4, which on Windows and macOS, where errors come as events,
 * ends the process.
 */
export class FileEvents {
  private readonly watchers: Watcher[] = [];
  private hasClosed = false;
  private events = 0;
  private countedSince: number;

  constructor(private readonly options: FileEventsOptions) {
    this.countedSince = options.clock.elapsed();
    const { directory, file, isFilePresent } = options;
    const hint = (): void => options.onHint();
    const names = [basename(file), '..data'];
    this.attempt(() =>
      this.watchNatively(directory, (name) => {
        if (name === null || names.includes(name)) hint();
      }),
    );
    if (!isFilePresent) return;
    this.attempt(() => (process.platform === 'linux' ? this.watchByChokidar(file) : this.watchNatively(file, hint)));
  }

  get isClosed(): boolean {
    return this.hasClosed;
  }

  close(): void {
    this.hasClosed = true;
    for (const watcher of this.watchers.splice(0)) {
      try {
        void Promise.resolve(watcher.close()).catch(() => undefined);
        // Closing takes chokidar's listeners away; what still goes wrong in it would be thrown for want of one.
        watcher.on('error', () => undefined);
      } catch {
        // It is closed as far as it can be.
      }
    }
  }

  private watchNatively(path: string, onEvent: (name: string | null) => void): void {
    const watcher: FSWatcher = watchNatively(path, { persistent: false }, (_, name) => {
      if (this.count()) onEvent(name);
    });
    this.watchers.push(watcher);
    watcher.on('error', (error) => this.fail(error));
  }

  private watchByChokidar(file: string): void {
    const watcher = modules.chokidar().watch(file, { persistent: false, ignoreInitial: true, atomic: false });
    this.watchers.push(watcher);
    const hint = (): void => {
      if (this.count()) this.options.onHint();
    };
    watcher.on('error', (error) => this.fail(error));
    watcher.on('raw', hint);
    watcher.on('all', (event) => {
      hint();
      // Left alone it would go on to watch the directory for the file's return.
      if (event === 'unlink') void watcher.close().catch(() => undefined);
    });
  }

  /**
   * In a directory like /tmp another user makes as many events as the machine can; reading them all would take the
   * application's time.
   *
   * @returns whether this event counts
   */
  private count(): boolean {
    if (this.hasClosed) return false;
    if (++this.events < FLOOD.events) return true;
    const now = this.options.clock.elapsed();
    if (now - this.countedSince < FLOOD.withinMs) {
      this.fail(new Error('more happens in its directory than can be followed'));
      return false;
    }
    this.events = 0;
    this.countedSince = now;
    return true;
  }

  private attempt(arm: () => void): void {
    if (this.hasClosed) return;
    try {
      arm();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.hasClosed) return;
    this.close();
    this.options.onError(error);
  }
}
