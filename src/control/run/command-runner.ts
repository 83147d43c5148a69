import type { CommandOutcome } from '../../api/status';
import type { Clock, Timer } from '../../base/clock';
import type { Log } from '../../base/log';
import { errorMessage } from '../../base/text';
import type { AppendResult, CommandFileSnapshot } from '../file/command-file';
import type { Pending } from '../syntax/pending';
import type { Stamp } from '../syntax/stamp';
import type { CommandHistory } from './command-history';
import { type CommandEvent, eventTypeOf, outcomeOf } from './command-outcomes';
import type { Decision } from './decide';
import type { StampMaker } from './stamp-maker';
import type { Trigger, Verb, VerbCall } from './verbs';

interface CommandRunnerOptions {
  readonly history: CommandHistory;
  readonly stamps: StampMaker;
  readonly clock: Clock;
  readonly log: Log;
  emit(event: CommandEvent): void;
  /** A run has ended: its result is to be written. */
  onEnd(): void;
}

interface Run {
  readonly id: string;
  readonly verb: string;
  readonly digest: string;
  readonly when: Trigger;
}

/** The result of a run that the command file does not have yet. */
interface PendingResult {
  readonly stamp: Stamp;
  readonly outcome: CommandOutcome;
  /** Its event was emitted, as `unwritten`; writing it is tried again. */
  readonly isEmitted: boolean;
}

/**
 * Runs verbs, one at a time and within a rate limit. `running` is on the disk before the verb runs, the result below it
 * before its event: a process that ended between the two would otherwise be taken for interrupted in a run whose end
 * the status file already shows.
 */
export class CommandRunner {
  private readonly rate: CommandRateLimit;
  private isStopped = false;
  private execution: Execution | undefined;
  private result: PendingResult | undefined;

  constructor(private readonly options: CommandRunnerOptions) {
    this.rate = new CommandRateLimit(options.clock, { burst: 5, everyMs: 1_000 });
  }

  /** A run has ended, and the file does not have its result yet. */
  get hasPendingResult(): boolean {
    return this.result !== undefined;
  }

  /** No verb is running, and the next may. */
  get isFree(): boolean {
    return !this.execution && !this.isStopped;
  }

  /** Milliseconds until the next may run; 0: now. */
  waitMs(): number {
    return this.rate.waitMs();
  }

  /** No run begins any more, and the signal of the running one aborts. */
  stop(): void {
    this.isStopped = true;
    this.execution?.cancel();
  }

  /** The file is gone, and with it the `running` stamp that the result belongs to. */
  noteFileGone(): void {
    this.noteFileUnusable();
    this.result = undefined;
  }

  /** The file cannot be read or is refused, so the result is not written now. */
  noteFileUnusable(): void {
    this.emitResult('unwritten');
  }

  /** Runs the verb, if its `running` stamp could be written. */
  async run(
    snapshot: CommandFileSnapshot,
    { item, unfinishedId }: Pending,
    { verb, command, when }: Extract<Decision, { type: 'run' }>,
  ): Promise<AppendResult> {
    const { clock, log, history, stamps } = this.options;
    const id = unfinishedId ?? command.id ?? stamps.nextId();
    const stamp = stamps.make('running', id, item.digest, detailBefore(verb));
    // The `running` stamp of an earlier process is in the file already.
    const result = unfinishedId === undefined || snapshot.isReadOnly ? await snapshot.append(stamp) : 'written';
    if (result === 'changed' || result === 'failed') return result;
    if (result === 'status-only') history.noteAnswered(item);
    // stop() may have come during the append: the next process of this name will find what was begun.
    if (this.isStopped) return result;
    this.rate.acquire();
    history.noteRun(item, unfinishedId);
    this.options.emit({ type: eventTypeOf(result), outcome: outcomeOf(verb.name, stamp, stamp.detail) });
    log.info(`command ${item.digest}: ${verb.name} runs`);
    const run: Run = { id, verb: verb.name, digest: item.digest, when };
    const { args } = command;
    const options = Object.fromEntries(command.options);
    this.execution = new Execution(clock, verb, { verb: verb.name, args, options, id, when });
    void this.execution.result.then((ended) => this.onEnded(run, ended));
    return result;
  }

  /** A result is written only below its `running` stamp: after the file was emptied, the status alone has it. */
  async writeResult(snapshot: CommandFileSnapshot): Promise<AppendResult> {
    if (!this.result) return 'written';
    const { stamp } = this.result;
    const isBegun = snapshot.has(stamp.instance, ({ state, id }) => state === 'running' && id === stamp.id);
    const result = isBegun ? await snapshot.append(stamp) : 'status-only';
    if (result !== 'changed') this.emitResult(eventTypeOf(result));
    if (result === 'written' || result === 'status-only') this.result = undefined;
    return result;
  }

  private emitResult(type: CommandEvent['type']): void {
    if (!this.result || this.result.isEmitted) return;
    const { outcome } = this.result;
    this.result = { ...this.result, isEmitted: true };
    this.options.emit({ type, outcome });
  }

  private onEnded(run: Run, { state, detail, tookMs }: ExecutionResult): void {
    this.execution = undefined;
    if (this.isStopped) return;
    const trigger = run.when === 'now' ? '' : run.when;
    const took = state === 'done' ? `took=${tookMs}ms` : '';
    const stamp = this.options.stamps.make(state, run.id, undefined, join(detail, took, trigger));
    this.result = { stamp, outcome: outcomeOf(run.verb, stamp, join(detail, trigger)), isEmitted: false };
    this.options.log.info(`command ${run.digest}: ${run.verb} ${state} after ${tookMs} ms`);
    this.options.onEnd();
  }
}

function join(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

function detailBefore(verb: Verb): string {
  try {
    return verb.before?.() ?? '';
  } catch (error) {
    return errorMessage(error);
  }
}

interface ExecutionResult {
  readonly state: 'done' | 'failed';
  readonly detail: string;
  readonly tookMs: number;
}

/** One run of a verb: ends when the handler returns, throws, or its time is up. Never throws, never rejects. */
export class Execution {
  readonly result: Promise<ExecutionResult>;
  private readonly abort = new AbortController();
  private readonly startedAt: number;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    verb: Verb,
    call: Omit<VerbCall, 'signal'>,
  ) {
    this.startedAt = clock.elapsed();
    const timeout = new Promise<ExecutionResult>((resolve) => {
      this.timer = clock.after(verb.timeoutMs, () => {
        resolve(this.resultOf('failed', 'timeout'));
        this.abort.abort();
      });
    });
    this.result = Promise.race([this.run(verb, call), timeout]).finally(() => this.timer?.cancel());
  }

  /** Aborts the handler's signal: its result is no longer waited for. */
  cancel(): void {
    this.timer?.cancel();
    this.abort.abort();
  }

  private async run(verb: Verb, call: Omit<VerbCall, 'signal'>): Promise<ExecutionResult> {
    try {
      const detail: unknown = await verb.run({ ...call, signal: this.abort.signal });
      return this.resultOf('done', typeof detail === 'string' ? detail : '');
    } catch (error) {
      return this.resultOf('failed', errorMessage(error));
    }
  }

  private resultOf(state: ExecutionResult['state'], detail: string): ExecutionResult {
    return { state, detail, tookMs: Math.round(this.clock.elapsed() - this.startedAt) };
  }
}

interface CommandRateLimitOptions {
  /** This many at once … */
  readonly burst: number;
  /** … and then one in this many milliseconds. */
  readonly everyMs: number;
}

/** A token bucket. */
export class CommandRateLimit {
  private left: number;
  private countedAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly options: CommandRateLimitOptions,
  ) {
    this.left = options.burst;
    this.countedAt = clock.elapsed();
  }

  /** Milliseconds until there is a token; 0: now. */
  waitMs(): number {
    this.fill();
    return this.left >= 1 ? 0 : Math.ceil((1 - this.left) * this.options.everyMs);
  }

  /** A token is used. */
  acquire(): void {
    this.fill();
    this.left--;
  }

  private fill(): void {
    const { burst, everyMs } = this.options;
    const now = this.clock.elapsed();
    this.left = Math.min(burst, this.left + (now - this.countedAt) / everyMs);
    this.countedAt = now;
  }
}
