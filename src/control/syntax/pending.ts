import type { Command } from './command';
import { type Stamp, isAcknowledging } from './stamp';
import { glob } from '../../base/patterns';

interface Asked {
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly digest: string;
  /** False: it may still be being written. */
  readonly isComplete: boolean;
}

export interface CommandItem extends Asked {
  readonly type: 'command';
  readonly command: Command;
}

/** Text that is no command. */
interface FaultItem extends Asked {
  readonly type: 'fault';
  readonly reason: string;
}

interface StampItem {
  readonly type: 'stamp';
  readonly line: number;
  readonly stamp: Stamp;
}

export type CommandLine = CommandItem | FaultItem;
export type Item = CommandLine | StampItem;

export interface Pending {
  readonly item: CommandLine;
  /** The id of the `running` stamp that an earlier process of this name left without its end; undefined: there is none. */
  readonly unfinishedId: string | undefined;
  /** Time of the first stamp below it, of any instance. */
  readonly stampedAt: string | undefined;
}

export interface InstanceView {
  readonly instance: string;
  /** Whether another instance's stamp counts as ours: the command was history when we came. */
  isHistory(stamp: Stamp): boolean;
  /** Whether this run is one that an earlier process left without its end. */
  isUnfinished(id: string): boolean;
}

/**
 * What this instance has still to do, in the file's order. A command is pending if no acknowledging stamp of its own
 * instance with that command's digest follows it. From that one rule follows that our own writes cannot loop, that
 * `echo reset >` a second time runs again, and that two equal lines without an answer are one command.
 */
export function pendingOf(items: readonly Item[], viewer: InstanceView): Pending[] {
  const found: Pending[] = [];
  const acknowledged = new Set<string>();
  const unfinished = new Map<string, string>();
  const ended = new Set<string>();
  const byDigest = new Map<string, number>();
  let stampedAt: string | undefined;

  // From the end, so that what follows a line has been seen when we come to it.
  for (const item of items.toReversed()) {
    if (item.type === 'stamp') {
      const { stamp } = item;
      stampedAt = stamp.time;
      const isOwn = stamp.instance === viewer.instance;
      if (isOwn && (stamp.state === 'done' || stamp.state === 'failed')) ended.add(stamp.id);
      if (stamp.digest === undefined || !isAcknowledging(stamp) || !(isOwn || viewer.isHistory(stamp))) continue;
      acknowledged.add(stamp.digest);
      if (isOwn && stamp.state === 'running' && !ended.has(stamp.id) && viewer.isUnfinished(stamp.id))
        unfinished.set(stamp.digest, stamp.id);
      continue;
    }
    if (!isFor(item, viewer.instance)) continue;
    const unfinishedId = unfinished.get(item.digest);
    unfinished.delete(item.digest);
    if (unfinishedId === undefined && acknowledged.has(item.digest)) continue;
    // An equal line further up is the same command, and the upper one has the turn.
    const below = byDigest.get(item.digest);
    if (below !== undefined) found.splice(below, 1, { item, unfinishedId, stampedAt });
    else byDigest.set(item.digest, found.push({ item, unfinishedId, stampedAt }) - 1);
  }
  return found.sort((a, b) => a.item.line - b.item.line);
}

/** Commands that no agent at all has answered; equal ones count once. */
export function countUnanswered(items: readonly Item[]): number {
  const answered = new Set<string>();
  const unanswered = new Set<string>();
  for (const item of items.toReversed()) {
    if (item.type !== 'stamp') {
      if (!answered.has(item.digest)) unanswered.add(item.digest);
    } else if (item.stamp.digest !== undefined && isAcknowledging(item.stamp)) {
      answered.add(item.stamp.digest);
    }
  }
  return unanswered.size;
}

function isFor(item: CommandLine, instance: string): boolean {
  return item.type === 'fault' || item.command.target === undefined || glob(item.command.target)(instance);
}
