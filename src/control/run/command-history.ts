import { copyOf } from '../../base/text';
import { toIso } from '../../base/time';
import { type Stamp, isAcknowledging } from '../syntax/stamp';
import type { CommandLine, Item, Pending, InstanceView } from '../syntax/pending';

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
      if (isAtStart && isAcknowledging(stamp)) this.history.add(copyOf(keyOfStamp(stamp)));
      if (stamp.instance !== this.instance) continue;
      if (stamp.state === 'running') this.unfinished.add(copyOf(stamp.id));
      if (stamp.state === 'done' || stamp.state === 'failed') this.unfinished.delete(stamp.id);
    }
  }

  isHistory(stamp: Stamp): boolean {
    return this.history.has(keyOfStamp(stamp));
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
    this.answered.add(copyOf(keyOfCommand(item)));
    this.fromStart.delete(item.digest);
  }

  isAnswered(item: CommandLine): boolean {
    return this.answered.has(keyOfCommand(item));
  }

  /** For a file that can be written: a command that it no longer holds may come again. */
  keepAnsweredOf(items: readonly Item[]): void {
    const present = new Set(items.map((item) => (item.type === 'stamp' ? '' : keyOfCommand(item))));
    this.answered.keep((key) => present.has(key));
  }

  forgetAnswered(): void {
    this.answered.keep(() => false);
  }
}

function keyOfCommand(item: CommandLine): string {
  return (item.type === 'command' ? item.command.id : undefined) ?? item.digest;
}

function keyOfStamp({ time, instance, id, digest = '' }: Stamp): string {
  return `${time} ${instance} ${id} ${digest}`;
}
