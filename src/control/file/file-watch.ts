import { watch as watchNatively, type FSWatcher, type BigIntStats, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { modules } from '../../base/lazy';
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { Log } from '../../base/log';
import { Loop } from '../../base/loop';
import type { Sights } from '../../base/file/path-walk';
import { type FileTrust, isTrusted, stateKeyOf, statTrusted } from '../../base/file/trusted-file';

interface FileEventsOptions {
  readonly directory: string;
  readonly file: string;
  /** There is something at `file` that may be obeyed. */
  readonly isFileWatched: boolean;
  readonly brake: EventBrake;
  /** Go and look. */
  onHint(): void;
  /** Nothing can be watched (any more): inotify is exhausted, or there are too many events. Called once at most. */
  onError(error: unknown): void;
}

/** More than twice what Linux keeps for a reader, so that one queue that overflowed is none. Read in some 50 ms. */
const FLOOD = { events: 40_000, withinMs: 2_000 };
/** To watch a new file costs as much as reading so many events, and another user may put one there at every look. */
const EVENTS_OF_ARMING = 1_000;
const REARM_AFTER_ERROR_MS = 30_000;

/**
 * In a directory like /tmp another user makes as many events as the machine can; reading them all would take the
 * application's time. Counts them however often the watch is armed anew, which he can bring about as well.
 */
class EventBrake {
  private events = 0;
  private countedSince: number;
  private isOffAt = 0;

  constructor(private readonly clock: Clock) {
    this.countedSince = clock.elapsed();
  }

  /** Nothing is to be watched. */
  get isOn(): boolean {
    return this.clock.elapsed() < this.isOffAt;
  }

  /** @returns whether these may be followed */
  count(events: number): boolean {
    this.events += events;
    if (this.events < FLOOD.events) return true;
    const now = this.clock.elapsed();
    const isFlood = now - this.countedSince < FLOOD.withinMs;
    if (isFlood) this.isOffAt = now + REARM_AFTER_ERROR_MS;
    this.events = 0;
    this.countedSince = now;
    return !isFlood;
  }
}

interface Watcher {
  close(): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/**
 * Hints that the file may have changed. A hint carries no content: the file must be read.
 *
 * chokidar watches the file, and the directory is watched beside it by Node itself: for a directory chokidar lists
 * and stats all that is in it at every event in it. Measured with 20 files and 200 writes a second beside ours, that
 * took 44 % of a core, with 2,000 files all of one, against 1 % this way. And only on Linux: a watcher that is not
 * persistent gets no `error` listener from chokidar 4, which on Windows and macOS, where errors come as events,
 * ends the process.
 */
class FileEvents {
  private readonly watchers: Watcher[] = [];
  private hasClosed = false;

  constructor(private readonly options: FileEventsOptions) {
    if (!this.count(EVENTS_OF_ARMING)) return;
    const { directory, file, isFileWatched } = options;
    const hint = (): void => options.onHint();
    const names = [basename(file), '..data'];
    this.attempt(() =>
      this.watchNatively(directory, (name) => {
        if (name === null || names.includes(name)) hint();
      }),
    );
    if (!isFileWatched) return;
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
    // Another user may have put a directory in its place, or a link to one: chokidar would watch all that is below it.
    const ignored = (_: string, stats?: Stats): boolean => stats?.isFile() === false;
    const watcher = modules.chokidar().watch(file, { persistent: false, ignoreInitial: true, atomic: false, ignored });
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

  /** @returns whether what happened counts */
  private count(events = 1): boolean {
    if (this.hasClosed) return false;
    if (this.options.brake.count(events)) return true;
    this.fail(new Error('more happens in its directory than can be followed'));
    return false;
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

/** Linux's magic numbers of file systems that others can write to without an event here: NFS, SMB, CIFS, FUSE, 9p … */
const REMOTE = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x5346414f, 0x00c36400, 0x786f4256,
]);

/** @param type as `statfs` returns it */
function isRemote(type: number): boolean {
  return process.platform === 'linux' && REMOTE.has(type >>> 0);
}

interface FileWatchOptions {
  /** Absolute. */
  readonly path: string;
  /** Whose links are followed: those of others lead to nothing. */
  readonly trust: FileTrust;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the file and carries out its commands. Never two at a time. @returns whether to look again at every poll */
  look(): Promise<boolean>;
}

type Watching = 'off' | 'events+poll' | 'poll';

/** From the first hint. A wait that each hint prolongs would starve under constant writes. */
const AFTER_HINT_MS = 25;
/** Closes chokidar's own throttle, and the few milliseconds in which two writes have the same mtime. */
const SECOND_LOOK_MS = 60;
const POLL_MS = 2_000;
/** Where no event is to be expected. */
const SHORT_POLL_MS = 1_000;

/**
 * When to look at the command file. Events are hints, the poll is the guarantee, and both are one loop: there are
 * never two file operations of ours at a time.
 */
export class FileWatch {
  private readonly loop: Loop;
  private readonly brake: EventBrake;
  private hints: FileEvents | undefined;
  private isRunning = false;
  private pollDueAt = 0;
  private lookDueAt = Infinity;
  private isHinted = false;
  private looksAtEveryPoll = false;
  private isRemote = false;
  private rearmAt = 0;
  private isWarned = false;
  private armedFor = '';
  private state = '';

  constructor(private readonly options: FileWatchOptions) {
    const { clock, log } = options;
    this.brake = new EventBrake(clock);
    this.loop = new Loop({ name: 'command file', clock, log, turn: () => this.turn() });
  }

  get watching(): Watching {
    if (!this.isRunning) return 'off';
    return this.hints ? 'events+poll' : 'poll';
  }

  start(): void {
    this.isRunning = true;
    this.pollDueAt = this.options.clock.elapsed();
    this.lookIn(0);
  }

  /** The next look is within `ms`. */
  lookIn(ms: number): void {
    this.lookDueAt = Math.min(this.lookDueAt, this.options.clock.elapsed() + ms);
    this.loop.wake(ms);
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    this.disarm();
    await this.loop.stop();
    this.disarm();
  }

  private async turn(): Promise<number> {
    const { clock } = this.options;
    // The change behind a hint may itself disarm the watch: the file replaced, the directory removed.
    if (clock.elapsed() >= this.pollDueAt || (this.isHinted && clock.elapsed() >= this.lookDueAt)) {
      await this.poll();
      this.pollDueAt = clock.elapsed() + (this.hints && !this.isRemote ? POLL_MS : SHORT_POLL_MS);
    }
    if (clock.elapsed() >= this.lookDueAt && this.isRunning) {
      this.lookDueAt = Infinity;
      if (this.isHinted) this.lookIn(SECOND_LOOK_MS);
      this.isHinted = false;
      this.looksAtEveryPoll = await this.options.look();
    }
    return Math.max(0, Math.min(this.pollDueAt, this.lookDueAt) - clock.elapsed());
  }

  private async poll(): Promise<void> {
    const { path, trust, clock } = this.options;
    const seen: Sights = new Map();
    const directory = await statTrusted(dirname(path), trust, seen);
    const file = directory && (await statTrusted(path, trust, seen));
    // Nobody obeys that of another user, who writes to it as often as he likes: chokidar does not follow it. The poll sees when
    // that changes.
    const isWatched = file !== undefined && (trust.uid === undefined || isTrusted(Number(file.uid), trust));
    const armFor = directory ? `${inodeOf(directory)} ${isWatched ? inodeOf(file) : ''}` : '';
    const isDue = armFor !== this.armedFor || (!this.hints && directory && clock.elapsed() >= this.rearmAt);
    if (isDue && !this.brake.isOn) {
      this.arm(directory !== undefined, isWatched);
      this.armedFor = armFor;
      this.isRemote = directory !== undefined && (await isOnRemote(dirname(path)));
    }
    const state = file ? stateKeyOf(file) : '';
    if (state !== this.state || this.looksAtEveryPoll) this.lookDueAt = clock.elapsed();
    this.state = state;
  }

  private arm(isDirectoryPresent: boolean, isFileWatched: boolean): void {
    this.disarm();
    if (!isDirectoryPresent || !this.isRunning) return;
    const { path } = this.options;
    const hints = new FileEvents({
      brake: this.brake,
      directory: dirname(path),
      file: path,
      isFileWatched,
      onHint: () => this.hint(),
      onError: (error) => this.unarmed(error),
    });
    // The error may have come while they were made.
    if (!hints.isClosed) this.hints = hints;
  }

  private unarmed(error: unknown): void {
    const { clock, log } = this.options;
    this.hints = undefined;
    this.rearmAt = clock.elapsed() + REARM_AFTER_ERROR_MS;
    if (!this.isWarned) log.warn(`the command file can only be polled, not watched: ${errorMessage(error)}`);
    this.isWarned = true;
  }

  private disarm(): void {
    this.hints?.close();
    this.hints = undefined;
  }

  private hint(): void {
    if (!this.isRunning) return;
    this.isHinted = true;
    this.lookIn(AFTER_HINT_MS);
  }
}

/** Numbers of removed inodes are given out again at once, and a watch on the removed one stays silent for ever. */
function inodeOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return [dev, ino, birthtimeNs].join(':');
}

async function isOnRemote(directory: string): Promise<boolean> {
  try {
    return isRemote((await statfs(directory)).type);
  } catch {
    return false;
  }
}
