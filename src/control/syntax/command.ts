import { createHash } from 'node:crypto';

/** Control characters but tab, CR and LF, and lone surrogates: a command typed by an operator has none of them. */
const FORBIDDEN = /[^\P{Cc}\t\r\n]|\p{Cs}/u;

export function isForbidden(text: string): boolean {
  return FORBIDDEN.test(text);
}

/** What an operator asks for, whichever form it was written in. */
export interface Command {
  readonly verb: string;
  readonly args: readonly string[];
  /** Sorted by name. */
  readonly options: readonly (readonly [name: string, value: string])[];
  /** A glob over instance names; undefined: all instances. */
  readonly target: string | undefined;
  /** Given by the operator, so that the command runs at most once. */
  readonly id: string | undefined;
  readonly expiresMs: number | undefined;
}

export type ParsedCommand =
  { readonly type: 'command'; readonly command: Command } | { readonly type: 'fault'; readonly reason: string };

export interface Draft {
  verb: string;
  args: string[];
  options: (readonly [name: string, value: string])[];
  target?: string;
  id?: string;
  expires?: string;
}

const VERB = /^[A-Za-z][\w.:-]{0,63}$/;
const OPTION = /^[A-Za-z_][\w.-]{0,63}$/;
const WORD = /^\S+$/;
const LONGEST_ID = 100;
const LONGEST_TARGET = 200;
const EXPIRES = /^(\d{1,9})([smhd])$/;
const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The rules that both forms share. A reason never repeats a value: it goes into logs and other people's terminals. */
export function makeCommand({ verb, args, options, target, id, expires }: Draft): ParsedCommand {
  if (!isVerbName(verb)) return fault('a command starts with a verb, such as reset');
  if ([...args, ...options.map(([, value]) => value)].some(isForbidden)) return fault('holds control characters');
  const names = new Set(options.map(([name]) => name));
  if (names.size < options.length) return fault('an option is given twice');
  if (![...names].every(isOptionName)) return fault('an option has a name of letters, digits, ".", "-" and "_"');
  if (target !== undefined && !isWord(target, LONGEST_TARGET))
    return fault(`target: expected a glob without blanks of at most ${LONGEST_TARGET} characters`);
  if (id !== undefined && !isWord(id, LONGEST_ID))
    return fault(`id: expected 1 to ${LONGEST_ID} characters without blanks`);
  const expiresMs = expires === undefined ? undefined : durationMs(expires);
  if (expires !== undefined && expiresMs === undefined)
    return fault('expires: expected a number with its unit, s, m, h or d, such as 10m');
  const sorted = [...options].sort(([a], [b]) => (a < b ? -1 : 1));
  return { type: 'command', command: { verb, args, options: sorted, target, id, expiresMs } };
}

export function fault(reason: string): ParsedCommand {
  return { type: 'fault', reason };
}

function isVerbName(text: string): boolean {
  return VERB.test(text);
}

export function isOptionName(text: string): boolean {
  return OPTION.test(text);
}

function isWord(text: string, longest: number): boolean {
  return text.length <= longest && WORD.test(text) && !isForbidden(text);
}

function durationMs(text: string): number | undefined {
  const [, count, unit = ''] = EXPIRES.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** The line without blanks at its ends; a carriage return counts as a blank. */
export function trimBlanks(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

/** Twelve hexadecimal digits, the same for a line and for JSON of the same meaning. `expires` is not part of it. */
export function digestOf({ verb, args, options, target, id }: Command): string {
  return hash([verb, args, options, target ?? null, id ?? null]);
}

/** For text that is no command: as if all of it were the verb. It collides with no command, since no verb is valid like that. */
export function digestOfFault(text: string): string {
  return hash([text, [], [], null, null]);
}

function hash(canonical: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex').slice(0, 12);
}
