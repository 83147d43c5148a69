import { readFile } from 'node:fs/promises';
import { decode } from '../command/decode';
import { parse } from '../command/parse';
import type { State } from '../command/stamp';
import { field, printable } from './document';
import type { Instance } from './live-instances';

/** What an instance says of a command. */
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
  const bytes = await readFile(commandFile).catch(() => undefined);
  const decoding = bytes && decode(bytes);
  if (decoding?.status !== 'ok') return [];
  return parse(decoding.text).items.flatMap((item) => {
    if (item.type !== 'stamp') return [];
    const { instance, state, id, time, detail } = item.stamp;
    return [{ instance, state, id, at: time, detail }];
  });
}

function inStatus({ name, entry }: Instance): Answer[] {
  const last = field(entry, 'commands', 'last');
  return (Array.isArray(last) ? last : []).map((command: unknown) => ({
    instance: name,
    state: printable(field(command, 'state')),
    id: printable(field(command, 'id')),
    at: printable(field(command, 'at')),
    detail: printable(field(command, 'detail')),
  }));
}
