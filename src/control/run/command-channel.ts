import { resolve } from 'node:path';
import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { CommandFile, type ReadFile } from '../file/command-file';
import { parseContent } from '../syntax/content';
import { FaultReport } from '../file/fault-report';
import { FileState } from '../file/file-state';
import { FileWatch, type Watching } from '../file/file-watch';
import type { LastCommand } from './last-commands';
import { CommandFileSnapshot } from '../file/command-file-snapshot';
import type { Verbs } from './verbs';
import { CommandProcessor, type Rescan } from './command-processor';

export interface CommandChannelOptions {
  readonly file: string;
  /** User ids whose files are trusted beside root's and our own. */
  readonly owners: readonly number[];
  /** Waives the rule on the directories above the file. */
  readonly trustDirectory: boolean;
  readonly instanceName: string;
  readonly verbs: Verbs;
  readonly clock: Clock;
  readonly log: Log;
  /** What `status()` tells is not what it was. */
  onChange(): void;
  /** Milliseconds since 1970 by the clock of the file system that stamps the file; our own clock where that is missing. */
  fileNow?(): number;
}

export interface ChannelStatus {
  readonly file: string;
  readonly watching: Watching;
  /** The rule of trust that the file breaks. */
  readonly fault: string | null;
  /** At most 20, the oldest first. */
  readonly last: readonly LastCommand[];
}

/** A line without its newline, or an object without its end, counts as whole when nobody has touched it for so long. */
const SETTLE_MS = 150;
const CHANGED_AGAIN_MS = 25;
const SECOND_LOOK_MS = 60;
const UNAVAILABLE = 'command file unavailable';
/** A file operation that hangs (a dead NFS server) does not hold up the end. */
const STOP_WITHIN_MS = 1_000;

/** The command file, watched: looks when told to, decides whether the file may be listened to, and lets the worker work. */
export class CommandChannel {
  private readonly path: string;
  private readonly file: CommandFile;
  private readonly state: FileState;
  private readonly watch: FileWatch;
  private readonly faults: FaultReport;
  private readonly worker: CommandProcessor;
  /** Something is to be done although the file has not changed. */
  private isRestless = true;
  private hasLooked = false;

  constructor(private readonly options: CommandChannelOptions) {
    const { file, owners, trustDirectory, instanceName, verbs, clock, log } = options;
    this.path = resolve(file);
    this.file = new CommandFile({ path: this.path, trust: { uid: process.geteuid?.(), owners }, trustDirectory });
    this.state = new FileState(clock);
    this.watch = new FileWatch({ path: this.path, clock, log, look: () => this.look() });
    const onChange = (): void => options.onChange();
    this.faults = new FaultReport({ path: this.path, log, onChange });
    this.worker = new CommandProcessor({
      instance: instanceName,
      verbs,
      clock,
      log,
      fileNow: () => options.fileNow?.() ?? clock.now(),
      onWish: (ms) => this.lookAgainIn(ms),
      onChange,
    });
  }

  start(): void {
    this.worker.start();
    this.watch.start();
  }

  /** Never rejects, and takes a second at most. A command that runs is told to end; its end is a matter of the next start. */
  async stop(): Promise<void> {
    this.worker.stop();
    await new Promise<void>((resolved) => {
      const timer = this.options.clock.after(STOP_WITHIN_MS, resolved);
      void this.leave().then(() => {
        timer.cancel();
        resolved();
      });
    });
  }

  private async leave(): Promise<void> {
    await this.watch.stop();
    // What has ended should not be taken for broken off by the next process of this name.
    if (this.worker.hasEnd) await this.look();
  }

  status(): ChannelStatus {
    return {
      file: this.path,
      watching: this.watch.watching,
      fault: this.faults.fault,
      last: this.worker.last,
    };
  }

  /** `status()` shows an end that is not to be written elsewhere before the command file has it; `onChange` says when. */
  get withholdsEnd(): boolean {
    return this.worker.withholdsEnd;
  }

  private lookAgainIn(ms: number): void {
    this.isRestless = true;
    this.watch.lookIn(ms);
  }

  /** @returns whether to look at every poll, whatever it says */
  private async look(): Promise<boolean> {
    const reading = await this.file.read(this.isRestless ? undefined : this.state.known);
    if (reading.status !== 'unavailable') {
      this.options.log.over([UNAVAILABLE], `the command file ${this.path} can be read again`);
    }
    const isFirst = !this.hasLooked;
    this.hasLooked = true;
    switch (reading.status) {
      case 'unchanged':
        return false;
      case 'missing':
        this.state.forget();
        this.isRestless = false;
        this.faults.clear();
        this.worker.drop();
        return false;
      case 'replaced':
        this.lookAgainIn(CHANGED_AGAIN_MS);
        return false;
      case 'unavailable':
        this.options.log.warn(`the command file ${this.path} cannot be read: ${reading.reason}`, UNAVAILABLE);
        this.worker.releaseEnd();
        return true;
      case 'refused':
        this.faults.report(reading.key, reading.rule);
        this.worker.releaseEnd();
        return true;
      case 'read':
        return this.listen(reading, isFirst);
    }
  }

  private async listen(read: ReadFile, isFirst: boolean): Promise<boolean> {
    // What no event reported is looked at twice as well: the next write may fall into the same tick.
    if (this.state.note(read.key)) this.watch.lookIn(SECOND_LOOK_MS);
    this.isRestless = false;
    const content = parseContent(read.bytes);
    const settlesInMs = SETTLE_MS - this.state.unchangedForMs;
    if (settlesInMs > 0 && !(content.status === 'ok' && content.isComplete)) {
      if (isFirst) this.hasLooked = false;
      this.lookAgainIn(settlesInMs);
      return false;
    }
    if (content.status === 'refused') {
      this.faults.report(read.key, content.rule);
      this.worker.releaseEnd();
      this.isRestless = true;
      return true;
    }
    this.faults.clear();
    const page = new CommandFileSnapshot(this.file, read, content.encoding, content.items);
    const wish = await this.worker.work(page, isFirst);
    return this.fulfil(wish);
  }

  private fulfil(wish: Rescan): boolean {
    if (wish === 'nothing') return false;
    this.isRestless = true;
    if (wish === 'look-again') this.watch.lookIn(CHANGED_AGAIN_MS);
    return wish === 'look-at-every-poll';
  }
}
