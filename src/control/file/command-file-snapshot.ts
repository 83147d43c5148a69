import type { CommandFile, ReadFile } from './command-file';
import type { Encoding } from '../syntax/encoding';
import type { Item } from '../syntax/command-line';
import { formatStamp, type Stamp } from '../syntax/stamp';

/** Over this size an agent says `full` and writes no more: a file that is only ever appended to grows. */
const FULL_BYTES = 256 * 1024;

/**
 * - `written`: it is on the disk.
 * - `silent`: this file is not written; the status file has the answers.
 * - `changed`: it is not the file that was read. Look again.
 * - `failed`: the disk would not take it.
 */
export type AppendResult = 'written' | 'silent' | 'changed' | 'failed';

/** The command file as it was read, to be written below. */
export class CommandFileSnapshot {
  private isWritable: boolean;
  private failure = '';
  private written = false;

  constructor(
    private readonly file: CommandFile,
    readonly read: ReadFile,
    private readonly encoding: Encoding,
    readonly items: readonly Item[],
  ) {
    this.isWritable = !read.isReadOnly;
  }

  get isReadOnly(): boolean {
    return !this.isWritable;
  }

  get isFull(): boolean {
    return this.read.stats.size > FULL_BYTES;
  }

  /** Something was appended to it. */
  get isAppended(): boolean {
    return this.written;
  }

  /** Why the disk did not take what was last said. */
  get reason(): string {
    return this.failure;
  }

  /** From here on the status file alone is written. */
  markReadOnly(): void {
    this.isWritable = false;
  }

  async append(stamp: Stamp): Promise<AppendResult> {
    if (!this.isWritable) return 'silent';
    const outcome = await this.file.append(formatStamp(stamp), this.read, this.encoding);
    if (outcome.status === 'failed') this.failure = outcome.reason;
    if (outcome.status === 'written') this.written = true;
    if (outcome.status !== 'read-only') return outcome.status;
    this.markReadOnly();
    return 'silent';
  }

  /** This instance has said that somewhere on the page. */
  has(instance: string, isMeant: (stamp: Stamp) => boolean): boolean {
    return this.items.some((item) => item.type === 'stamp' && item.stamp.instance === instance && isMeant(item.stamp));
  }

  /** Under which ids this instance has run something. What was rejected or came too late has not run, and may come again. */
  idsOf(instance: string): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const item of this.items) {
      if (item.type !== 'stamp' || item.stamp.instance !== instance) continue;
      if (item.stamp.state === 'running' || item.stamp.state === 'duplicate') ids.add(item.stamp.id);
    }
    return ids;
  }
}
