import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { Log } from '../../base/log';
import type { Decision } from './decide';
import { Execution, type ExecutionResult } from './execution';
import type { CommandHistory } from './command-history';
import type { CommandFileSnapshot, AppendResult } from '../file/command-file-snapshot';
import type { Pending } from '../syntax/pending';
import { CommandRateLimit } from './rate-limit';
import type { Stamp } from '../syntax/stamp';
import type { StampMaker } from './stamp-maker';
import type { Trigger } from './verb';

export interface CommandRunnerOptions {
  readonly memory: CommandHistory;
  readonly stamps: StampMaker;
  readonly clock: Clock;
  readonly log: Log;
  /** What has been said of a verb's run, to be told in the status as well. */
  note(verb: string, stamp: Stamp): void;
  /** A run has ended: that is to be written. */
  onEnd(): void;
  /** An end is withheld no longer. */
  onRelease(): void;
}

interface Run {
  readonly id: string;
  readonly verb: string;
  readonly digest: string;
  readonly when: Trigger;
}

/** Runs verbs, one at a time and not too many in a row: `running` on the disk before the act, the end below it. */
export class CommandRunner {
  private readonly rate: CommandRateLimit;
  private isStopped = false;
  private execution: Execution | undefined;
  /** The end of a run that is not in the file yet. */
  private end: { readonly run: Run; readonly stamp: Stamp } | undefined;
  private isEndWithheld = false;

  constructor(private readonly options: CommandRunnerOptions) {
    this.rate = new CommandRateLimit(options.clock, { burst: 5, everyMs: 1_000 });
  }

  /** A verb has ended, and the file does not say so yet. */
  get hasEnd(): boolean {
    return this.end !== undefined;
  }

  /** Nothing runs, and something may. */
  get isFree(): boolean {
    return !this.execution && !this.isStopped;
  }

  /** Milliseconds until the next may run; 0: now. */
  waitMs(): number {
    return this.rate.waitMs();
  }

  /** Nothing begins any more, and what runs is told that nobody waits for it. */
  stop(): void {
    this.isStopped = true;
    this.execution?.cancel();
  }

  /** The file is gone, and with it the stamp that the end would have belonged to. */
  drop(): void {
    this.releaseEnd();
    this.end = undefined;
  }

  /**
   * A verb has ended, and what is written elsewhere does not say so before the file does: a process that ends between the
   * two would be said to have been interrupted in what is done.
   */
  get withholdsEnd(): boolean {
    return this.isEndWithheld;
  }

  /** The file has the end, or will not have it. */
  releaseEnd(): void {
    if (!this.isEndWithheld) return;
    this.isEndWithheld = false;
    this.options.onRelease();
  }

  /** Begins it, if that could be said. */
  async run(
    page: CommandFileSnapshot,
    { item, unfinishedId }: Pending,
    { verb, command, when }: Extract<Decision, { type: 'run' }>,
  ): Promise<AppendResult> {
    const { clock, log, memory, stamps } = this.options;
    const id = unfinishedId ?? command.id ?? stamps.nextId();
    const stamp = stamps.make(
      'running',
      id,
      item.digest,
      textBefore(() => verb.before?.() ?? ''),
    );
    // What an earlier process has begun says so in the file already.
    const said = unfinishedId === undefined || page.isReadOnly ? await page.append(stamp) : 'written';
    if (said === 'changed' || said === 'failed') return said;
    if (said === 'silent') memory.noteAnswered(item);
    // The file may have been waited for, and we been stopped meanwhile: a start will find what we have begun.
    if (this.isStopped) return said;
    this.rate.note();
    memory.noteRun(item, unfinishedId);
    this.options.note(verb.name, stamp);
    log.info(`command ${item.digest}: ${verb.name} runs`);
    const run: Run = { id, verb: verb.name, digest: item.digest, when };
    const { args } = command;
    const options = Object.fromEntries(command.options);
    this.execution = new Execution(clock, verb, { verb: verb.name, args, options, id, when });
    void this.execution.result.then((result) => this.ended(run, result));
    return said;
  }

  /** The end stands only below its beginning: without that, who emptied the file has the status to read. */
  async writeEnd(page: CommandFileSnapshot): Promise<AppendResult> {
    if (!this.end) return 'written';
    const { run, stamp } = this.end;
    const isBegun = page.has(stamp.instance, ({ state, id }) => state === 'running' && id === run.id);
    const said = isBegun ? await page.append(stamp) : 'silent';
    if (said !== 'changed') this.releaseEnd();
    if (said === 'written' || said === 'silent') this.end = undefined;
    return said;
  }

  private ended(run: Run, { state, detail, tookMs }: ExecutionResult): void {
    this.execution = undefined;
    if (this.isStopped) return;
    const flag = run.when === 'now' ? '' : run.when;
    const took = state === 'done' ? `took=${tookMs}ms` : '';
    const stamp = this.options.stamps.make(state, run.id, undefined, join(detail, took, flag));
    this.end = { run, stamp };
    this.isEndWithheld = true;
    this.options.log.info(`command ${run.digest}: ${run.verb} ${state} after ${tookMs} ms`);
    this.options.note(run.verb, { ...stamp, detail: join(detail, flag) });
    this.options.onEnd();
  }
}

function join(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

function textBefore(before: () => string): string {
  try {
    return before();
  } catch (error) {
    return errorMessage(error);
  }
}
