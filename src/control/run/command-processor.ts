import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import type { AppendResult, CommandFileSnapshot } from '../file/command-file';
import { pendingOf, type Pending } from '../syntax/pending';
import type { State } from '../syntax/stamp';
import { CommandHistory } from './command-history';
import { type CommandEvent, eventTypeOf, outcomeOf } from './command-outcomes';
import { CommandRunner } from './command-runner';
import { decide, type Decision, type DecisionContext } from './decide';
import { StampMaker } from './stamp-maker';
import type { Verbs } from './verbs';

interface CommandProcessorOptions {
  readonly instance: string;
  readonly verbs: Verbs;
  readonly clock: Clock;
  readonly log: Log;
  fileNow(): number;
  /** The file should be read again within `ms`. */
  requestRescan(ms: number): void;
  emit(event: CommandEvent): void;
}

/** When the file is to be read again although it has not changed. */
export type Rescan = 'nothing' | 'look-again' | 'look-at-every-poll';

/** For this long after the start an unknown verb may still be registered. */
const VERBS_DUE_WITHIN_MS = 5_000;
const APPEND = 'command file append';

/** Carries out the commands in the file, in its order; writes the results there, and then emits them as events. */
export class CommandProcessor {
  private readonly history: CommandHistory;
  private readonly stamps: StampMaker;
  private readonly runner: CommandRunner;
  private hasBegun = false;
  private wasFull = false;
  private verbsDueAt = 0;
  private removeVerbListener: () => void = () => undefined;

  constructor(private readonly options: CommandProcessorOptions) {
    this.history = new CommandHistory(options.instance);
    this.stamps = new StampMaker(options);
    const { clock, log } = options;
    this.runner = new CommandRunner({
      history: this.history,
      stamps: this.stamps,
      clock,
      log,
      emit: (event) => options.emit(event),
      onEnd: () => options.requestRescan(0),
    });
  }

  /** A command has ended, and the file does not have its result yet. */
  get hasPendingResult(): boolean {
    return this.runner.hasPendingResult;
  }

  start(): void {
    const { clock, verbs } = this.options;
    this.verbsDueAt = clock.elapsed() + VERBS_DUE_WITHIN_MS;
    this.removeVerbListener = verbs.onAdded(() => this.options.requestRescan(0));
  }

  stop(): void {
    this.removeVerbListener();
    this.runner.stop();
  }

  noteFileGone(): void {
    this.runner.noteFileGone();
  }

  /** The file cannot be read or is refused. */
  noteFileUnusable(): void {
    this.runner.noteFileUnusable();
  }

  /** @param isAtStart the file was there, and readable, when this process started */
  async process(snapshot: CommandFileSnapshot, isAtStart: boolean): Promise<Rescan> {
    if (!this.hasBegun) this.begin(snapshot, isAtStart);
    const afterResult = this.rescanAfter(await this.runner.writeResult(snapshot), snapshot);
    if (afterResult !== undefined) return afterResult;
    if (!snapshot.isReadOnly) this.history.keepAnsweredOf(snapshot.items);
    const pending = pendingOf(snapshot.items, this.history);
    this.history.notePending(pending, snapshot.read.mtimeMs);
    if (!this.runner.isFree) return 'nothing';
    await this.writeFull(snapshot);
    const context = this.contextOf(snapshot);
    for (const one of pending) {
      if (this.history.isAnswered(one.item)) continue;
      const rescan = await this.carryOut(snapshot, one, decide(one, context));
      if (rescan !== undefined) return rescan;
    }
    return 'nothing';
  }

  private begin(snapshot: CommandFileSnapshot, isAtStart: boolean): void {
    this.hasBegun = true;
    this.history.begin(snapshot.items, isAtStart);
    if (isAtStart) this.history.noteFromStart(pendingOf(snapshot.items, this.history));
  }

  private contextOf(snapshot: CommandFileSnapshot): DecisionContext {
    const { instance, verbs, clock } = this.options;
    const ran = snapshot.idsOf(instance);
    return {
      verbs,
      isWaitingForVerbs: clock.elapsed() < this.verbsDueAt,
      isFromStart: (digest) => this.history.isFromStart(digest),
      wasRun: (id) => this.history.wasRun(id) || ran.has(id),
      isExpired: (pending) => this.history.isExpired(pending, this.options.fileNow()),
    };
  }

  /** @returns undefined: go on with the next command */
  private async carryOut(
    snapshot: CommandFileSnapshot,
    pending: Pending,
    decision: Decision,
  ): Promise<Rescan | undefined> {
    switch (decision.type) {
      case 'wait':
        this.options.requestRescan(this.verbsDueAt - this.options.clock.elapsed());
        return 'nothing';
      case 'answer':
        return this.answer(snapshot, pending, decision.state, decision.detail);
      case 'interrupted':
        return this.answer(snapshot, pending, 'failed', 'interrupted');
      case 'run': {
        const waitMs = this.runner.waitMs();
        if (waitMs === 0) return this.run(snapshot, pending, decision);
        this.options.requestRescan(waitMs);
        return 'nothing';
      }
    }
  }

  private async answer(
    snapshot: CommandFileSnapshot,
    { item, unfinishedId }: Pending,
    state: State,
    detail: string,
  ): Promise<Rescan | undefined> {
    const command = item.type === 'command' ? item.command : undefined;
    const id = unfinishedId ?? command?.id ?? this.stamps.nextId();
    const digest = unfinishedId === undefined ? item.digest : undefined;
    const stamp = this.stamps.make(state, id, digest, detail);
    const result = await snapshot.append(stamp);
    const rescan = this.rescanAfter(result, snapshot);
    if (rescan !== undefined) return rescan;
    if (result === 'status-only') this.history.noteAnswered(item);
    if (unfinishedId !== undefined) this.history.noteRun(item, unfinishedId);
    this.options.emit({ type: eventTypeOf(result), outcome: outcomeOf(command?.verb ?? '-', stamp, detail) });
    return undefined;
  }

  private async run(
    snapshot: CommandFileSnapshot,
    pending: Pending,
    decision: Extract<Decision, { type: 'run' }>,
  ): Promise<Rescan> {
    return this.rescanAfter(await this.runner.run(snapshot, pending, decision), snapshot) ?? 'nothing';
  }

  private async writeFull(snapshot: CommandFileSnapshot): Promise<void> {
    if (this.wasFull && !snapshot.isFull) this.history.forgetAnswered();
    this.wasFull = snapshot.isFull;
    if (!snapshot.isFull) return;
    const detail = 'answers are in the status file until this file is emptied';
    if (!snapshot.has(this.options.instance, ({ state }) => state === 'full'))
      await snapshot.append(this.stamps.make('full', '-', undefined, detail));
    snapshot.markReadOnly();
  }

  /** Logs where the file cannot be appended to, and where it can again. @returns undefined: go on with this content */
  private rescanAfter(result: AppendResult, snapshot: CommandFileSnapshot): Rescan | undefined {
    if (snapshot.isAppended) this.options.log.over([APPEND], 'the command file can be appended to again');
    if (result === 'changed') return 'look-again';
    if (result !== 'failed') return undefined;
    this.options.log.warn(`the command file cannot be appended to: ${snapshot.reason}`, APPEND);
    return 'look-at-every-poll';
  }
}
