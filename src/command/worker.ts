import type { Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import type { Log } from '../base/log';
import { decide, type Circumstances, type Decision } from './decide';
import { Execution, type ExecutionResult } from './execution';
import { LastCommands, type LastCommand } from './last-commands';
import { Memory } from './memory';
import type { Page, Said } from './page';
import { pendingOf, type Pending } from './pending';
import { RateLimit } from './rate-limit';
import { detailOf, type Stamp } from './stamp';
import { StampMaker } from './stamp-maker';
import type { When } from './verb';
import type { Verbs } from './verbs';

export interface WorkerOptions {
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
export type Wish = 'nothing' | 'look-again' | 'look-at-every-poll';

interface Run {
  readonly id: string;
  readonly verb: string;
  readonly digest: string;
  readonly when: When;
}

/** So long after the start a verb that nobody knows may still be registered. */
const VERBS_COME_WITHIN_MS = 5_000;

/**
 * Does what the file asks for, one command at a time and in its order: `running` on the disk before the act, the end
 * below it, and the same in the status.
 */
export class Worker {
  private readonly memory: Memory;
  private readonly rate: RateLimit;
  private readonly stamps: StampMaker;
  private readonly commands = new LastCommands();
  private hasBegun = false;
  private wasFull = false;
  private isStopped = false;
  private verbsDueAt = 0;
  private forgetVerbs: () => void = () => undefined;
  private execution: Execution | undefined;
  /** The end of a run that is not in the file yet. */
  private end: { readonly run: Run; readonly stamp: Stamp } | undefined;

  constructor(private readonly options: WorkerOptions) {
    this.memory = new Memory(options.instance);
    this.stamps = new StampMaker(options);
    this.rate = new RateLimit(options.clock, { burst: 5, everyMs: 1_000 });
  }

  get last(): readonly LastCommand[] {
    return this.commands.all;
  }

  /** A command has ended, and the file does not say so yet. */
  get hasEnd(): boolean {
    return this.end !== undefined;
  }

  start(): void {
    const { clock, verbs } = this.options;
    this.verbsDueAt = clock.elapsed() + VERBS_COME_WITHIN_MS;
    this.forgetVerbs = verbs.onAdded(() => this.options.onWish(0));
  }

  stop(): void {
    this.isStopped = true;
    this.forgetVerbs();
    this.execution?.cancel();
  }

  /** The file is gone, and with it the stamp that the end would have belonged to. */
  drop(): void {
    this.end = undefined;
  }

  /** @param isAtStart the file was there, and readable, when we came */
  async work(page: Page, isAtStart: boolean): Promise<Wish> {
    if (!this.hasBegun) this.begin(page, isAtStart);
    const said = await this.writeEnd(page);
    if (said === 'changed' || said === 'failed') return this.wishAfter(said, page);
    if (!page.isSilent) this.memory.keepAnsweredOf(page.items);
    const pending = pendingOf(page.items, this.memory);
    this.memory.notePending(pending, page.read.mtimeMs);
    if (this.execution || this.isStopped) return 'nothing';
    await this.writeFull(page);
    const circumstances = this.circumstancesOf(page);
    for (const one of pending) {
      if (this.memory.isAnswered(one.item)) continue;
      const wish = await this.take(page, one, decide(one, circumstances));
      if (wish !== undefined) return wish;
    }
    return 'nothing';
  }

  private begin(page: Page, isAtStart: boolean): void {
    this.hasBegun = true;
    this.memory.begin(page.items, isAtStart);
    if (isAtStart) this.memory.noteFromStart(pendingOf(page.items, this.memory));
  }

  private circumstancesOf(page: Page): Circumstances {
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
  private async take(page: Page, pending: Pending, decision: Decision): Promise<Wish | undefined> {
    switch (decision.type) {
      case 'wait':
        this.options.onWish(this.verbsDueAt - this.options.clock.elapsed());
        return 'nothing';
      case 'answer':
        return this.answer(page, pending, decision.state, decision.detail);
      case 'interrupted':
        return this.answer(page, pending, 'failed', 'interrupted');
      case 'run': {
        const waitMs = this.rate.waitMs();
        if (waitMs === 0) return this.run(page, pending, decision);
        this.options.onWish(waitMs);
        return 'nothing';
      }
    }
  }

  private async answer(
    page: Page,
    { item, unfinishedId }: Pending,
    state: LastCommand['state'],
    detail: string,
  ): Promise<Wish | undefined> {
    const command = item.type === 'command' ? item.command : undefined;
    const id = unfinishedId ?? command?.id ?? this.stamps.nextId();
    const digest = unfinishedId === undefined ? item.digest : undefined;
    const stamp = this.stamps.make(state, id, digest, detail);
    const said = await page.say(stamp);
    if (said === 'changed' || said === 'failed') return this.wishAfter(said, page);
    if (said === 'silent') this.memory.noteAnswered(item);
    if (unfinishedId !== undefined) this.memory.noteRun(item, unfinishedId);
    this.note(command?.verb ?? '-', stamp);
    return undefined;
  }

  private async run(
    page: Page,
    { item, unfinishedId }: Pending,
    { verb, command, when }: Extract<Decision, { type: 'run' }>,
  ): Promise<Wish> {
    const { clock, log } = this.options;
    const id = unfinishedId ?? command.id ?? this.stamps.nextId();
    const stamp = this.stamps.make(
      'running',
      id,
      item.digest,
      textBefore(() => verb.before?.() ?? ''),
    );
    // What an earlier process has begun says so in the file already.
    const said = unfinishedId === undefined || page.isSilent ? await page.say(stamp) : 'written';
    if (said === 'changed' || said === 'failed') return this.wishAfter(said, page);
    if (said === 'silent') this.memory.noteAnswered(item);
    // The file may have been waited for, and we been stopped meanwhile: a start will find what we have begun.
    if (this.isStopped) return 'nothing';
    this.rate.note();
    this.memory.noteRun(item, unfinishedId);
    this.note(verb.name, stamp);
    log.info(`command ${item.digest}: ${verb.name} runs`);
    const run: Run = { id, verb: verb.name, digest: item.digest, when };
    const { args } = command;
    const options = Object.fromEntries(command.options);
    this.execution = new Execution(clock, verb, { verb: verb.name, args, options, id, when });
    void this.execution.result.then((result) => this.ended(run, result));
    return 'nothing';
  }

  private ended(run: Run, { state, detail, tookMs }: ExecutionResult): void {
    this.execution = undefined;
    if (this.isStopped) return;
    const flag = run.when === 'now' ? '' : run.when;
    const took = state === 'done' ? `took=${tookMs}ms` : '';
    const stamp = this.stamps.make(state, run.id, undefined, join(detail, took, flag));
    this.end = { run, stamp };
    this.options.log.info(`command ${run.digest}: ${run.verb} ${state} after ${tookMs} ms`);
    this.note(run.verb, { ...stamp, detail: join(detail, flag) });
    this.options.onWish(0);
  }

  /** The end stands only below its beginning: without that, who emptied the file has the status to read. */
  private async writeEnd(page: Page): Promise<Said> {
    if (!this.end) return 'written';
    const { run, stamp } = this.end;
    const isBegun = page.has(this.options.instance, ({ state, id }) => state === 'running' && id === run.id);
    const said = isBegun ? await page.say(stamp) : 'silent';
    if (said === 'written' || said === 'silent') this.end = undefined;
    return said;
  }

  private async writeFull(page: Page): Promise<void> {
    if (this.wasFull && !page.isFull) this.memory.forgetAnswered();
    this.wasFull = page.isFull;
    if (!page.isFull) return;
    const detail = 'answers are in the status file until this file is emptied';
    if (!page.has(this.options.instance, ({ state }) => state === 'full'))
      await page.say(this.stamps.make('full', '-', undefined, detail));
    page.silence();
  }

  private wishAfter(said: 'changed' | 'failed', page: Page): Wish {
    if (said === 'changed') return 'look-again';
    this.options.log.warn(`the command file cannot be appended to: ${page.reason}`, 'command file append');
    return 'look-at-every-poll';
  }

  private note(verb: string, { id, state, time, detail }: Stamp): void {
    if (state !== 'full') this.commands.note({ id, verb, state, at: time, detail: detailOf(detail) });
    this.options.onChange();
  }
}

function join(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

function textBefore(before: () => string): string {
  try {
    return before();
  } catch (error) {
    return messageOf(error);
  }
}
