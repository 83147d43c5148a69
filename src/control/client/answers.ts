import { constants } from 'node:fs/promises';
import { MAX_FILE_BYTES, openFile } from '../../base/file/trusted-file';
import { readBytes } from '../file/command-file';
import { decode } from '../syntax/content';
import { parse } from '../syntax/parse';
import type { State } from '../syntax/stamp';
import { field, printableField, type Instance } from './live-instances';
import { countUnanswered, pendingOf, type InstanceView, type Item } from '../syntax/pending';

/** The answer of an instance to a command. */
export interface Answer {
  readonly instance: string;
  readonly state: string;
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly detail: string;
}

const ANSWERS: readonly State[] = ['running', 'done', 'failed', 'rejected', 'expired', 'duplicate'];

/** All answers to commands of this id, `running` included, the oldest first: in the command file, and in the status file. */
export async function readAnswers(commandFile: string, id: string, live: readonly Instance[]): Promise<Answer[]> {
  const answers = [...(await inFile(commandFile)), ...live.flatMap(inStatus)];
  return answers.filter((answer) => answer.id === id && ANSWERS.some((state) => state === answer.state));
}

async function inFile(commandFile: string): Promise<Answer[]> {
  // It may be gone by now; the status file has the answers as well.
  const bytes = await readRegularFile(commandFile).catch(() => undefined);
  const decoding = bytes && decode(bytes);
  if (decoding?.status !== 'ok') return [];
  return parse(decoding.text).items.flatMap((item) => {
    if (item.type !== 'stamp') return [];
    const { instance, state, id, time, detail } = item.stamp;
    return [{ instance, state, id, at: time, detail }];
  });
}

/**
 * Another user may have put a pipe there, which would hold us up past every deadline, or a link to a device without end.
 * Agents answer in no file but a regular one that is reached by no link of its own name.
 */
async function readRegularFile(path: string): Promise<Buffer | undefined> {
  const handle = await openFile(path, constants.O_RDONLY);
  try {
    const stats = await handle.stat();
    return stats.isFile() && stats.size <= MAX_FILE_BYTES ? await readBytes(handle, stats.size) : undefined;
  } finally {
    await handle.close();
  }
}

function inStatus({ name, entry }: Instance): Answer[] {
  const last = field(entry, 'commands', 'last');
  return (Array.isArray(last) ? last : []).map((command: unknown) => ({
    instance: name,
    state: printableField(field(command, 'state')),
    id: printableField(field(command, 'id')),
    at: printableField(field(command, 'at')),
    detail: printableField(field(command, 'detail')),
  }));
}

/**
 * Whether nothing in the file is needed any more: every command was answered by at least one instance, and every live
 * instance that it is for has finished it.
 */
export function isAllAnswered(items: readonly Item[], live: readonly Instance[]): boolean {
  return countUnanswered(items) === 0 && live.every((instance) => pendingOf(items, viewerOf(instance)).length === 0);
}

function viewerOf({ name, entry }: Instance): InstanceView {
  const startedAt = field(entry, 'startedAt');
  return {
    instance: name,
    // A command that was answered before an instance started is history to it: it never answers.
    isHistory: (stamp) => typeof startedAt === 'string' && stamp.time < startedAt,
    isUnfinished: () => true,
  };
}

/** Why an instance that was waited for has not answered, as far as that is known: a sentence without its subject. */
export function whyUnanswered(name: string, hasBegun: boolean, live: readonly Instance[]): string {
  const instance = live.find((one) => one.name === name);
  if (!instance) return 'ended without an answer';
  if (hasBegun) return 'started the command and has not finished it';
  const fault = field(instance.entry, 'commands', 'fault');
  return typeof fault === 'string' ? `refuses the file: it ${printableField(fault)}` : 'has not answered';
}
