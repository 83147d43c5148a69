import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { decide, type DecisionContext, type Decision } from './decide';
import { LastCommands, type LastCommand } from './last-commands';
import { CommandHistory } from './command-history';
import type { CommandFileSnapshot, AppendResult } from '../file/command-file-snapshot';
import { pendingOf, type Pending } from '../syntax/pending';
import { CommandRunner } from './command-runner';
import { detailOf, type Stamp } from '../syntax/stamp';
import { StampMaker } from './stamp-maker';
import type { Verbs } from './verbs';

export interface CommandProcessorOptions {
  readonly instance: string;
  readonly verbs: Verbs;
  readonly clock: Clock;
  readonly log: Log;
  fileNow(): number;
  /** The file should be read again within `ms`. */
  onWish(ms: number): void;
  onChange(): void;
}

/** What the worker wants of the next look. */
export type Rescan = 'nothing' | 'look-again' | 'look-at-every-poll';

/** So long after the start a verb that nobody knows may still be registered. */
const VERBS_COME_WITHIN_MS = 5_000;
const APPEND = 'command file append';

/** Does what the file asks for, in its order, and answers there and in the status. */
export class CommandProcessor {
  private readonly memory: CommandHistory;
  private readonly stamps: StampMaker;
  private readonly runner: CommandRunner;
  private readonly commands = new LastCommands();
  private hasBegun = false;
  private wasFull = false;
  private verbsDueAt = 0;
  private forgetVerbs: () => void = () => undefined;

  constructor(private readonly options: CommandProcessorOptions) {
    this.memory = new CommandHistory(options.instance);
    this.stamps = new StampMaker(options);
    const { clock, log } = options;
    this.runner = new CommandRunner({
      memory: this.memory,
      stamps: this.stamps,
      clock,
      log,
      note: (verb, stamp) => this.note(verb, stamp),
      onEnd: () => options.onWish(0),
      onRelease: () => options.onChange(),
    });
  }

  get last(): readonly LastCommand[] {
    return this.commands.all;
  }

  /** A command has ended, and the file does not say so yet. */
  get hasEnd(): boolean {
    return this.runner.hasEnd;
  }

  start(): void {
    const { clock, verbs } = this.options;
    this.verbsDueAt = clock.elapsed() + VERBS_COME_WITHIN_MS;
    this.forgetVerbs = verbs.onAdded(() => this.options.onWish(0));
  }

  stop(): void {
    this.forgetVerbs();
    this.runner.stop();
  }

  /** The file is gone, and with it the stamp that the end would have belonged to. */
  drop(): void {
    this.runner.drop();
  }

  /** The status shows an end that is not to be written elsewhere before the file has it. */
  get withholdsEnd(): boolean {
    return this.runner.withholdsEnd;
  }

  /** The file cannot be listened to, and so will not have the end. */
  releaseEnd(): void {
    this.runner.releaseEnd();
  }

  /** @param isAtStart the file was there, and readable, when we came */
  async work(page: CommandFileSnapshot, isAtStart: boolean): Promise<Rescan> {
    if (!this.hasBegun) this.begin(page, isAtStart);
    const said = await this.runner.writeEnd(page);
    if (this.isHindered(said, page)) return this.wishAfter(said, page);
    if (!page.isReadOnly) this.memory.keepAnsweredOf(page.items);
    const pending = pendingOf(page.items, this.memory);
    this.memory.notePending(pending, page.read.mtimeMs);
    if (!this.runner.isFree) return 'nothing';
    await this.writeFull(page);
    const circumstances = this.circumstancesOf(page);
    for (const one of pending) {
      if (this.memory.isAnswered(one.item)) continue;
      const wish = await this.take(page, one, decide(one, circumstances));
      if (wish !== undefined) return wish;
    }
    return 'nothing';
  }

  private begin(page: CommandFileSnapshot, isAtStart: boolean): void {
    this.hasBegun = true;
    this.memory.begin(page.items, isAtStart);
    if (isAtStart) this.memory.noteFromStart(pendingOf(page.items, this.memory));
  }

  private circumstancesOf(page: CommandFileSnapshot): DecisionContext {
    const { instance, verbs, clock } = this.options;
    const ran = page.idsOf(instance);
    return {
      verbs,
      isWaitingForVerbs: clock.elapsed() < this.verbsDueAt,
      isFromStart: (digest) => this.memory.isFromStart(digest),
      wasRun: (id) => this.memory.wasRun(id) || ran.has(id),
      isExpired: (pending) => this.memory.isExpired(pending, this.options.fileNow()),
    };
  }

  /** @returns undefined: go on with the next */
  private async take(page: CommandFileSnapshot, pending: Pending, decision: Decision): Promise<Rescan | undefined> {
    switch (decision.type) {
      case 'wait':
        this.options.onWish(this.verbsDueAt - this.options.clock.elapsed());
        return 'nothing';
      case 'answer':
        return this.answer(page, pending, decision.state, decision.detail);
      case 'interrupted':
        return this.answer(page, pending, 'failed', 'interrupted');
      case 'run': {
        const waitMs = this.runner.waitMs();
        if (waitMs === 0) return this.run(page, pending, decision);
        this.options.onWish(waitMs);
        return 'nothing';
      }
    }
  }

  private async answer(
    page: CommandFileSnapshot,
    { item, unfinishedId }: Pending,
    state: LastCommand['state'],
    detail: string,
  ): Promise<Rescan | undefined> {
    const command = item.type === 'command' ? item.command : undefined;
    const id = unfinishedId ?? command?.id ?? this.stamps.nextId();
    const digest = unfinishedId === undefined ? item.digest : undefined;
    const stamp = this.stamps.make(state, id, digest, detail);
    const said = await page.append(stamp);
    if (this.isHindered(said, page)) return this.wishAfter(said, page);
    if (said === 'silent') this.memory.noteAnswered(item);
    if (unfinishedId !== undefined) this.memory.noteRun(item, unfinishedId);
    this.note(command?.verb ?? '-', stamp);
    return undefined;
  }

  private async run(
    page: CommandFileSnapshot,
    pending: Pending,
    decision: Extract<Decision, { type: 'run' }>,
  ): Promise<Rescan> {
    const said = await this.runner.run(page, pending, decision);
    return this.isHindered(said, page) ? this.wishAfter(said, page) : 'nothing';
  }

  private async writeFull(page: CommandFileSnapshot): Promise<void> {
    if (this.wasFull && !page.isFull) this.memory.forgetAnswered();
    this.wasFull = page.isFull;
    if (!page.isFull) return;
    const detail = 'answers are in the status file until this file is emptied';
    if (!page.has(this.options.instance, ({ state }) => state === 'full'))
      await page.append(this.stamps.make('full', '-', undefined, detail));
    page.markReadOnly();
  }

  private isHindered(said: AppendResult, page: CommandFileSnapshot): said is 'changed' | 'failed' {
    if (page.isAppended) this.options.log.over([APPEND], 'the command file can be appended to again');
    return said === 'changed' || said === 'failed';
  }

  private wishAfter(said: 'changed' | 'failed', page: CommandFileSnapshot): Rescan {
    if (said === 'changed') return 'look-again';
    this.options.log.warn(`the command file cannot be appended to: ${page.reason}`, APPEND);
    return 'look-at-every-poll';
  }

  private note(verb: string, { id, state, time, detail }: Stamp): void {
    if (state !== 'full') this.commands.note({ id, verb, state, at: time, detail: detailOf(detail) });
    this.options.onChange();
  }
}
