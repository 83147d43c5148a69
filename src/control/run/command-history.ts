import type { CommandOutcome } from '../../api/status';
import type { Clock } from '../../base/clock';
import { copyOf } from '../../base/text';
import { toIso } from '../../base/time';
import { detailOf, type Stamp, isAcknowledging } from '../syntax/stamp';
import type { CommandLine, Item, Pending, InstanceView } from '../syntax/pending';

/** A result of a command. Events come in the order in which the results came to stand in the command file. */
export interface CommandEvent {
  /**
   * - `written`: the result stands in the command file.
   * - `unwritten`: the command file does not take it (read-only, refused, gone, disk full); the status alone shows it.
   */
  readonly type: 'written' | 'unwritten';
  readonly outcome: CommandOutcome;
}

/** The outcome that a stamp stands for. */
export function outcomeOf(verb: string, { id, state, time }: Stamp, detail: string): CommandOutcome {
  return { id, verb, state, at: time, detail: detailOf(detail) };
}

const MAX_OUTCOMES = 20;

/** The outcomes that the status shows: for a file that cannot be written, the only answers. */
export class LastCommands {
  private outcomes: readonly CommandOutcome[] = [];

  /** A run has one entry: its end replaces its beginning. */
  note(outcome: CommandOutcome): void {
    const isEnd = outcome.state === 'done' || outcome.state === 'failed';
    const begun = isEnd ? this.outcomes.findLastIndex(({ id, state }) => id === outcome.id && state === 'running') : -1;
    this.outcomes = begun >= 0 ? this.outcomes.with(begun, outcome) : [...this.outcomes, outcome].slice(-MAX_OUTCOMES);
  }

  /** The oldest first. */
  get all(): readonly CommandOutcome[] {
    return this.outcomes;
  }
}

interface StampMakerOptions {
  readonly instance: string;
  readonly clock: Clock;
  /** Milliseconds since 1970, by the clock that all processes sharing the file have in common. */
  fileNow(): number;
}

/** Makes this instance's stamps, and the ids of its runs. */
export class StampMaker {
  private runs = 0;

  constructor(private readonly options: StampMakerOptions) {}

  make(state: Stamp['state'], id: string, digest: string | undefined, detail: string): Stamp {
    return { time: toIso(this.options.fileNow()), instance: this.options.instance, state, id, digest, detail };
  }

  /** Six hexadecimal digits. Two in a row always differ, whatever the random numbers are. */
  nextId(): string {
    const random = Math.floor(this.options.clock.random() * 2 ** 24);
    return ((random + this.runs++) % 2 ** 24).toString(16).padStart(6, '0');
  }
}

/** Keeps the values added last, up to a limit. */
export class BoundedSet<T> {
  private readonly values = new Set<T>();

  constructor(private readonly limit: number) {}

  add(value: T): void {
    this.values.delete(value);
    this.values.add(value);
    if (this.values.size <= this.limit) return;
    const oldest = this.values.values().next();
    if (!oldest.done) this.values.delete(oldest.value);
  }

  has(value: T): boolean {
    return this.values.has(value);
  }

  /** Forgets all values that `isKept` returns false for. */
  keep(isKept: (value: T) => boolean): void {
    for (const value of this.values) if (!isKept(value)) this.values.delete(value);
  }
}

const MAX_REMEMBERED = 1_000;

/**
 * What a process must remember about commands because the file does not contain it. As copies: what is taken out of the
 * text of a file would hold that text.
 */
export class CommandHistory implements InstanceView {
  private readonly history = new Set<string>();
  private readonly unfinished = new Set<string>();
  private readonly fromStart = new Set<string>();
  private readonly ids = new BoundedSet<string>(MAX_REMEMBERED);
  /** By explicit id or digest: answered where the answer could not be written into the file. */
  private readonly answered = new BoundedSet<string>(MAX_REMEMBERED);
  /** By digest: the file's mtime when a command that is still pending was first read. */
  private mtimes = new Map<string, number>();

  constructor(readonly instance: string) {}

  /** The file is read for the first time. @param isAtStart it was there, and readable, when this process started */
  begin(items: readonly Item[], isAtStart: boolean): void {
    for (const item of items) {
      if (item.type !== 'stamp') continue;
      const { stamp } = item;
      // In a file that appeared later, stamps of other instances only mean that those were faster.
      if (isAtStart && isAcknowledging(stamp)) this.history.add(copyOf(keyOf(stamp)));
      if (stamp.instance !== this.instance) continue;
      if (stamp.state === 'running') this.unfinished.add(copyOf(stamp.id));
      if (stamp.state === 'done' || stamp.state === 'failed') this.unfinished.delete(stamp.id);
    }
  }

  isHistory(stamp: Stamp): boolean {
    return this.history.has(keyOf(stamp));
  }

  isUnfinished(id: string): boolean {
    return this.unfinished.has(id);
  }

  isFromStart(digest: string): boolean {
    return this.fromStart.has(digest);
  }

  noteFromStart(pending: readonly Pending[]): void {
    for (const { item } of pending) this.fromStart.add(item.digest);
  }

  /** @param mtimeMs of the file as it was read just now */
  notePending(pending: readonly Pending[], mtimeMs: number): void {
    const before = this.mtimes;
    this.mtimes = new Map(pending.map(({ item: { digest } }) => [digest, before.get(digest) ?? mtimeMs]));
  }

  /**
   * The age counts from the file's mtime when the command was first read, or from the first stamp below it, whichever
   * is earlier: every stamp renews the mtime, and after a restart the first read is late.
   */
  isExpired({ item, stampedAt }: Pending, nowMs: number): boolean {
    if (item.type === 'fault' || item.command.expiresMs === undefined) return false;
    const limitMs = Math.max(0, nowMs - item.command.expiresMs);
    const mtimeMs = this.mtimes.get(item.digest);
    return (mtimeMs !== undefined && mtimeMs < limitMs) || (stampedAt !== undefined && stampedAt < toIso(limitMs));
  }

  noteRun(item: CommandLine, unfinishedId: string | undefined): void {
    if (item.type === 'command' && item.command.id !== undefined) this.ids.add(copyOf(item.command.id));
    if (unfinishedId !== undefined) this.unfinished.delete(unfinishedId);
    this.fromStart.delete(item.digest);
  }

  wasRun(id: string): boolean {
    return this.ids.has(id);
  }

  noteAnswered(item: CommandLine): void {
    this.answered.add(copyOf(identityOf(item)));
    this.fromStart.delete(item.digest);
  }

  isAnswered(item: CommandLine): boolean {
    return this.answered.has(identityOf(item));
  }

  /** For a file that can be written: a command that it no longer holds may come again. */
  keepAnsweredOf(items: readonly Item[]): void {
    const present = new Set(items.map((item) => (item.type === 'stamp' ? '' : identityOf(item))));
    this.answered.keep((identity) => present.has(identity));
  }

  forgetAnswered(): void {
    this.answered.keep(() => false);
  }
}

function identityOf(item: CommandLine): string {
  return (item.type === 'command' ? item.command.id : undefined) ?? item.digest;
}

function keyOf({ time, instance, id, digest = '' }: Stamp): string {
  return `${time} ${instance} ${id} ${digest}`;
}
