import { resolve } from 'node:path';
import type { CommandStatus } from '../../api/status';
import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { CommandFile, type ReadFile, CommandFileSnapshot } from '../file/command-file';
import { parseContent } from '../syntax/content';
import { FileWatch } from '../file/file-watch';
import { CommandProcessor, type Rescan } from './command-processor';
import { LastCommands, type CommandEvent } from './command-outcomes';
import type { Verbs } from './verbs';

interface CommandChannelOptions {
  readonly file: string;
  /** User ids whose files are trusted beside root's and our own. */
  readonly owners: readonly number[];
  /** Waives the rule on the directories above the file. */
  readonly trustDirectory: boolean;
  readonly instanceName: string;
  readonly verbs: Verbs;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after `status()` has taken the event in. */
  onEvent(event: ChannelEvent): void;
  /** Milliseconds since 1970 by the clock of the file system that stamps the file; our own clock where that is missing. */
  fileNow?(): number;
}

/** A result of a command, or the file breaks another rule of trust than before, or none any more. */
type ChannelEvent = CommandEvent | { readonly type: 'fault-changed' };

/** A line without its newline, or an object without its end, counts as complete after this time without a change. */
const SETTLE_MS = 150;
const CHANGED_AGAIN_MS = 25;
const SECOND_LOOK_MS = 60;
const UNAVAILABLE = 'command file unavailable';
/** A file operation that hangs (a dead NFS server) does not delay stop(). */
const STOP_WITHIN_MS = 1_000;

/**
 * The command file, watched: reads it when the watch or the processor asks for that, decides whether it may be trusted,
 * and passes its content to the processor.
 */
export class CommandChannel {
  private readonly path: string;
  private readonly file: CommandFile;
  private readonly state: FileState;
  private readonly watch: FileWatch;
  private readonly faults: FaultReport;
  private readonly processor: CommandProcessor;
  private readonly commands = new LastCommands();
  /** The file is to be read even if it has not changed. */
  private needsRead = true;
  /** Until a look finds more than a file that is still being written: what that holds was there when this process started. */
  private isAtStart = true;

  constructor(private readonly options: CommandChannelOptions) {
    const { file, owners, trustDirectory, instanceName, verbs, clock, log } = options;
    this.path = resolve(file);
    const trust = { uid: process.geteuid?.(), owners };
    this.file = new CommandFile({ path: this.path, trust, trustDirectory });
    this.state = new FileState(clock);
    this.watch = new FileWatch({ path: this.path, trust, clock, log, look: () => this.look() });
    this.faults = new FaultReport({
      path: this.path,
      log,
      onChange: () => options.onEvent({ type: 'fault-changed' }),
    });
    this.processor = new CommandProcessor({
      instance: instanceName,
      verbs,
      clock,
      log,
      fileNow: () => options.fileNow?.() ?? clock.now(),
      requestRescan: (ms) => this.lookAgainIn(ms),
      emit: (event) => {
        this.commands.note(event.outcome);
        options.onEvent(event);
      },
    });
  }

  start(): void {
    this.processor.start();
    this.watch.start();
  }

  /** Never rejects, and takes a second at most. The running command's signal aborts; the next start writes its result. */
  async stop(): Promise<void> {
    this.processor.stop();
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
    // Otherwise the next process of this name would take the command for interrupted.
    if (this.processor.hasPendingResult) await this.look();
  }

  status(): CommandStatus {
    return {
      file: this.path,
      watching: this.watch.watching,
      fault: this.faults.fault,
      last: this.commands.all,
    };
  }

  private lookAgainIn(ms: number): void {
    this.needsRead = true;
    this.watch.lookIn(ms);
  }

  /** @returns whether to look at every poll, changed or not */
  private async look(): Promise<boolean> {
    const reading = await this.file.read(this.needsRead ? undefined : this.state.known);
    if (reading.status !== 'unavailable') {
      this.options.log.over([UNAVAILABLE], `the command file ${this.path} can be read again`);
    }
    if (reading.status === 'read') return this.process(reading);
    this.isAtStart = false;
    switch (reading.status) {
      case 'unchanged':
        return false;
      case 'missing':
        this.state.forget();
        this.needsRead = false;
        this.faults.clear();
        this.processor.noteFileGone();
        return false;
      case 'replaced':
        this.lookAgainIn(CHANGED_AGAIN_MS);
        return false;
      case 'unavailable':
        this.options.log.warn(`the command file ${this.path} cannot be read: ${reading.reason}`, UNAVAILABLE);
        this.processor.noteFileUnusable();
        return true;
      case 'refused':
        this.faults.report(reading.key, reading.rule);
        this.processor.noteFileUnusable();
        return true;
    }
  }

  private async process(read: ReadFile): Promise<boolean> {
    // A state that no event reported is read twice as well: the next write may fall into the same tick.
    if (this.state.note(read.key)) this.watch.lookIn(SECOND_LOOK_MS);
    this.needsRead = false;
    const content = parseContent(read.bytes);
    const settlesInMs = SETTLE_MS - this.state.unchangedForMs;
    if (settlesInMs > 0 && !(content.status === 'ok' && content.isComplete)) {
      this.lookAgainIn(settlesInMs);
      return false;
    }
    const { isAtStart } = this;
    this.isAtStart = false;
    if (content.status === 'refused') {
      this.faults.report(read.key, content.rule);
      this.processor.noteFileUnusable();
      this.needsRead = true;
      return true;
    }
    this.faults.clear();
    const snapshot = new CommandFileSnapshot(this.file, read, content.encoding, content.items);
    return this.schedule(await this.processor.process(snapshot, isAtStart));
  }

  private schedule(rescan: Rescan): boolean {
    if (rescan === 'nothing') return false;
    this.needsRead = true;
    if (rescan === 'look-again') this.watch.lookIn(CHANGED_AGAIN_MS);
    return rescan === 'look-at-every-poll';
  }
}

/** Two writes within one tick of the kernel's clock leave the same times behind: a state is known only when it is older. */
const TICK_MS = 60;

/** Which state the file is in, and for how long we have seen it in that. */
export class FileState {
  private key: string | undefined;
  private since = 0;
  private readAt = 0;

  constructor(private readonly clock: Clock) {}

  /** The file was read in this state. @returns whether that is another than before */
  note(key: string): boolean {
    this.readAt = this.clock.elapsed();
    if (key === this.key) return false;
    this.key = key;
    this.since = this.readAt;
    return true;
  }

  forget(): void {
    this.key = undefined;
  }

  /** The state whose content is known for certain. */
  get known(): string | undefined {
    return this.readAt - this.since >= TICK_MS ? this.key : undefined;
  }

  get unchangedForMs(): number {
    return this.clock.elapsed() - this.since;
  }
}

interface FaultReportOptions {
  readonly path: string;
  readonly log: Log;
  /** The file breaks another rule than before, or none any more. */
  onChange(): void;
}

/**
 * A file that has come to break another rule this often is no operator's: another user exchanges it as often as the log
 * shall grow, and rules name owners and numbers of links, which are as many as that user likes. From then on there is a
 * line a minute.
 */
const MAX_RULES = 10;

/** Which rule of trust the file breaks: logged once for each state of the file. */
class FaultReport {
  private rule: string | null = null;
  private loggedFor = '';
  private key = '';
  private mended = 0;
  private rules = 0;

  constructor(private readonly options: FaultReportOptions) {}

  get fault(): string | null {
    return this.rule;
  }

  /** @param state of the file */
  report(state: string, rule: string): void {
    const { path, log } = this.options;
    const isNews = this.rule !== rule;
    this.rule = rule;
    if (isNews && this.rules <= MAX_RULES) this.rules++;
    if (this.loggedFor !== `${state} ${rule}`) {
      this.loggedFor = `${state} ${rule}`;
      // One rule broken in state after state is throttled; broken again after it was mended, it is logged again.
      this.key = this.rules <= MAX_RULES ? `command file refused ${this.mended} ${rule}` : 'command file refused';
      log.warn(`the command file ${path} is refused: it ${rule}`, this.key);
    }
    if (isNews) this.options.onChange();
  }

  clear(): void {
    if (this.rule === null) return;
    this.rule = null;
    this.loggedFor = '';
    this.mended++;
    this.options.log.over([this.key], `the command file ${this.options.path} breaks no rule any more`);
    this.options.onChange();
  }
}
