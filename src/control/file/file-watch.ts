import type { BigIntStats } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { Log } from '../../base/log';
import { Loop } from '../../base/loop';
import { FileEvents } from './file-events';
import { stateKeyOf } from '../../base/file/open-file';

/** Linux's magic numbers of file systems that others can write to without an event here: NFS, SMB, CIFS, FUSE, 9p … */
const REMOTE = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x5346414f, 0x00c36400, 0x786f4256,
]);

/** @param type as `statfs` tells it */
export function isRemote(type: number): boolean {
  return process.platform === 'linux' && REMOTE.has(type >>> 0);
}

export interface FileWatchOptions {
  /** Absolute. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the file and does what it says. Never two at a time. @returns whether to look again at every poll */
  look(): Promise<boolean>;
}

export type Watching = 'off' | 'events+poll' | 'poll';

/** From the first hint. A wait that each hint prolongs would starve under constant writes. */
const AFTER_HINT_MS = 25;
/** Closes chokidar's own throttle, and the few milliseconds in which two writes have the same mtime. */
const SECOND_LOOK_MS = 60;
const POLL_MS = 2_000;
/** Where no event is to be expected. */
const SHORT_POLL_MS = 1_000;
const REARM_AFTER_ERROR_MS = 30_000;

/**
 * When to look at the command file. Events are hints, the poll is the guarantee, and both are one loop: there are
 * never two file operations of ours at a time.
 */
export class FileWatch {
  private readonly loop: Loop;
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
    // A hint may tell of the very thing that makes the watch deaf: the file replaced, the directory removed.
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
    const { path, clock } = this.options;
    const directory = await statOrNothing(dirname(path));
    const file = await statOrNothing(path);
    const armFor = directory ? `${inodeOf(directory)} ${file ? inodeOf(file) : ''}` : '';
    if (armFor !== this.armedFor || (!this.hints && directory && clock.elapsed() >= this.rearmAt)) {
      this.arm(directory !== undefined, file !== undefined);
      this.armedFor = armFor;
      this.isRemote = directory !== undefined && (await isOnRemote(dirname(path)));
    }
    const state = file ? stateKeyOf(file) : '';
    if (state !== this.state || this.looksAtEveryPoll) this.lookDueAt = clock.elapsed();
    this.state = state;
  }

  private arm(isDirectoryPresent: boolean, isFilePresent: boolean): void {
    this.disarm();
    if (!isDirectoryPresent || !this.isRunning) return;
    const { path, clock } = this.options;
    const hints = new FileEvents({
      clock,
      directory: dirname(path),
      file: path,
      isFilePresent,
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

async function statOrNothing(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch {
    return undefined;
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
