/** The state of a command; `full` is that of the file. */
export type State = 'running' | 'done' | 'failed' | 'rejected' | 'expired' | 'duplicate' | 'full';

/** A line `#! … !#`: an agent's answer in the file. */
export interface Stamp {
  /** ISO 8601 in UTC with milliseconds, so that the order of texts is the order of times. */
  readonly time: string;
  readonly instance: string;
  readonly state: State;
  /** The agent's own for this run, or the command's explicit one; `-` with `full`. */
  readonly id: string;
  /** The digest of the command that it acknowledges; absent where it acknowledges none. */
  readonly digest: string | undefined;
  readonly detail: string;
}

const STAMP =
  /^#! (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) (running|done|failed|rejected|expired|duplicate|full) (\S+)(?: cmd=([0-9a-f]{12}))?(?: (.*))? !#$/;

const LONGEST_DETAIL = 500;

/** @returns undefined for a line that is no stamp */
export function parseStamp(line: string): Stamp | undefined {
  if (!line.startsWith('#! ') || !line.endsWith(' !#')) return undefined;
  const [, time, instance, state, id, digest, detail = ''] = STAMP.exec(line) ?? [];
  if (time === undefined || instance === undefined || state === undefined || id === undefined) return undefined;
  return { time, instance, state: state as State, id, digest, detail };
}

export function formatStamp({ time, instance, state, id, digest, detail }: Stamp): string {
  const parts = ['#!', time, instance, state, id];
  if (digest !== undefined) parts.push(`cmd=${digest}`);
  if (detail) parts.push(detailOf(detail));
  return [...parts, '!#'].join(' ');
}

/** After one of these a command is no longer pending for the instance that wrote it. */
export function isAcknowledging({ state }: Stamp): boolean {
  return state === 'running' || state === 'rejected' || state === 'expired' || state === 'duplicate';
}

/** One line of printable text, whatever a handler returned or threw. */
export function detailOf(text: string): string {
  const line = text
    .slice(0, 4 * LONGEST_DETAIL)
    .replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
    .replaceAll('!#', '! #')
    .trim();
  return line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL)}…`.replace(/\p{Cs}/u, '') : line;
}
