import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { errorMessage } from '../base/text';
import { makeCommand } from '../control/syntax/command';
import { locate, type Located } from './locate';

/** What `skyanchor reset` was asked for. */
export interface ResetCall extends Located {
  /** For the command file. */
  readonly line: string;
  /** A glob over instance names; undefined: all. */
  readonly target: string | undefined;
  /** By which the answers are known; undefined: nobody waits for them. */
  readonly id: string | undefined;
  /** Undefined: not to wait. */
  readonly waitMs: number | undefined;
  readonly json: boolean;
}

const LONGEST_WAIT_S = 86_400;

/** @returns a text: what is wrong with the call */
export function readResetCall(argv: readonly string[]): ResetCall | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        file: { type: 'string' },
        target: { type: 'string' },
        id: { type: 'string' },
        wait: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    const { file, target, wait, json = false } = values;
    const waitS = wait === undefined ? undefined : Number(wait);
    if (waitS !== undefined && !(wait?.trim() !== '' && waitS >= 0 && waitS <= LONGEST_WAIT_S))
      return `--wait ${wait ?? ''}: expected seconds, from 0 to ${LONGEST_WAIT_S}`;
    // Of a command without an id, the status file does not tell which of several it answers.
    const id = values.id ?? (waitS === undefined ? undefined : `cli-${randomBytes(4).toString('hex')}`);
    const form = makeCommand({
      verb: 'reset',
      args: [],
      options: [],
      ...(target !== undefined && { target }),
      ...(id !== undefined && { id }),
    });
    if (form.type === 'fault') return form.reason;
    const located = locate(file);
    if (!located) return 'expected --file, or SW_AGENT_COMMAND_FILE in the environment';
    const line = ['reset', id === undefined ? '' : `id=${id}`, target === undefined ? '' : `@${target}`];
    const waitMs = waitS === undefined ? undefined : waitS * 1_000;
    return { ...located, line: line.filter(Boolean).join(' '), target, id, waitMs, json };
  } catch (error) {
    return errorMessage(error);
  }
}
