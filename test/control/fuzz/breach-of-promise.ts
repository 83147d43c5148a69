import { createHash } from 'node:crypto';
import { parseContent, type Content, encode } from '../../../src/control/syntax/content';
import { decide, type DecisionContext } from '../../../src/control/run/decide';
import { type CommandItem, type Item, countUnanswered, pendingOf } from '../../../src/control/syntax/pending';
import { formatStamp, parseStamp } from '../../../src/control/syntax/stamp';
import { Verbs } from '../../../src/control/run/verbs';
import type { Chance } from './chance';

interface Line {
  readonly text: string;
  readonly isEnded: boolean;
}

const verbs = new Verbs();
const simple = { timeoutMs: 1_000, idempotent: true, isFulfilledAtStart: false, run: () => undefined };
verbs.add({ ...simple, name: 'reset', isFulfilledAtStart: true, args: [], options: {} });
verbs.add({ ...simple, name: 'report', args: [], options: {} });
verbs.add({ ...simple, name: 'log-level', args: [{ name: 'level', values: ['debug', 'info'] }] });
verbs.add({ ...simple, name: 'dump', idempotent: false });

/** What the bytes led to that they should not have; undefined: everything is as promised. Throws where a part of ours does. */
export function breachOfPromise(bytes: Buffer, chance: Chance): string | undefined {
  const before = Buffer.from(bytes);
  const content = parseContent(bytes);
  if (!before.equals(bytes)) return 'the bytes were changed';
  if (content.status === 'refused') return /^(is|holds) [\w -]+$/.test(content.rule) ? undefined : 'an odd rule';
  const lines = linesOf(bytes);
  return (
    first(content.items, (item) => breachOfItem(item, lines)) ??
    breachOfOrder(content.items) ??
    breachOfPrefix(bytes, content, chance) ??
    breachOfSequel(bytes, content) ??
    breachOfPending(content.items, chance)
  );
}

function first<T>(all: readonly T[], breachOf: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const breach = breachOf(one);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

/** By another decoder than the one that is tried, and a strict one. */
function linesOf(bytes: Buffer): Line[] {
  const [one, two] = bytes;
  const label = one === 0xff && two === 0xfe ? 'utf-16le' : one === 0xfe && two === 0xff ? 'utf-16be' : 'utf-8';
  const raws = new TextDecoder(label, { fatal: true }).decode(bytes).split('\n');
  const lines = rejoined(raws.map((raw) => ({ head: '', raw })));
  return lines.map(({ head, raw }, at) => ({ text: trimmed(head + raw), isEnded: at < lines.length - 1 }));
}

/** A stamp that came into a line is moved up, out of it. */
function rejoined(lines: { readonly head: string; readonly raw: string }[]): typeof lines {
  for (let at = 0; at < lines.length; at++) {
    const { head = '', raw = '' } = lines[at] ?? {};
    const [, begun = '', stamp] = /^(.*?)(#! .*)$/s.exec(raw) ?? [];
    const isQuoted = /^[ \t\r]*#([^]*[#\s])?$/.test(begun);
    if (trimmed(begun) === '' || isQuoted || stamp === undefined || !parseStamp(trimmed(stamp))) continue;
    const next = lines[at + 1];
    const isAtItsEnd = !next || / !#$|^[ \t\r]*#/.test(head + begun) || parseStamp(trimmed(next.raw)) !== undefined;
    lines[at] = { head: '', raw: stamp };
    lines.splice(at + 1, isAtItsEnd ? 0 : 1, { head: head + begun, raw: isAtItsEnd ? '' : next.raw });
  }
  return lines;
}

function trimmed(line: string): string {
  return line.replace(/^[ \t\r]+/, '').replace(/[ \t\r]+$/, '');
}

function breachOfItem(item: Item, lines: readonly Line[]): string | undefined {
  const { text: line, isEnded } = lines[item.line - 1] ?? {};
  if (line === undefined) return `line ${item.line} is not there`;
  if (item.type === 'stamp') {
    const again = parseStamp(formatStamp(item.stamp));
    return line.startsWith('#!') && again?.id === item.stamp.id ? undefined : `line ${item.line} is no stamp`;
  }
  if (line === '' || line.startsWith('#') || line.endsWith(' !#')) return `line ${item.line} asks for nothing`;
  if (item.type === 'fault') return /^[^\p{Cc}]+$/u.test(item.reason) ? undefined : 'an odd reason';
  if (item.digest !== digestOf(item)) return `line ${item.line} has another digest`;
  const isWhole = line.startsWith('{') ? isWholeObject(item, lines) : isWholeLine(item, line, isEnded);
  return isWhole ? undefined : `the command of line ${item.line} was not whole in the input`;
}

function digestOf({ command: { verb, args, options, target, id } }: CommandItem): string {
  const canonical = JSON.stringify([verb, args, options, target ?? null, id ?? null]);
  return createHash('sha256').update(canonical).digest('hex').slice(0, 12);
}

function isWholeLine({ command, isComplete }: CommandItem, line: string, isEnded: boolean | undefined): boolean {
  const words = line.split(/[ \t\r]+/);
  const others = words.filter((word) => !word.startsWith('expires='));
  const said = [command.verb, ...command.args, ...command.options.map(([name, value]) => `${name}=${value}`)];
  if (command.target !== undefined) said.push(`@${command.target}`);
  if (command.id !== undefined) said.push(`id=${command.id}`);
  const isSame = JSON.stringify(others.sort()) === JSON.stringify(said.sort());
  return isSame && others.length < words.length === (command.expiresMs !== undefined) && isComplete === isEnded;
}

/** From its line down, comments and tails of stamps left out, there is a JSON object that says just that. */
function isWholeObject({ command, line }: CommandItem, lines: readonly Line[]): boolean {
  let text = '';
  for (const { text: next } of lines.slice(line - 1, line + 200)) {
    if (next.startsWith('#') || next === '' || next.endsWith(' !#')) continue;
    text += `${next}\n`;
    if (next.includes('}') && saysJust(text, command)) return true;
  }
  return false;
}

function saysJust(text: string, { verb, args, options, target, id }: CommandItem['command']): boolean {
  try {
    const fields = new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
    const isIn = (name: string, value: string): boolean => [value, `@${value}`].includes(String(fields.get(name)));
    const isMeant = (target === undefined || isIn('target', target)) && (id === undefined || isIn('id', id));
    const given = (fields.get('args') ?? []) as readonly unknown[];
    const areArgs = JSON.stringify(given.map(String)) === JSON.stringify(args);
    return fields.get('command') === verb && isMeant && areArgs && options.every(([name, value]) => isIn(name, value));
  } catch {
    return false;
  }
}

function breachOfOrder(items: readonly Item[]): string | undefined {
  for (const [at, { line }] of items.entries())
    if (at > 0 && line <= (items[at - 1]?.line ?? 0)) return `line ${line} is out of its order`;
  return undefined;
}

/** Cut anywhere, as a reader sees a line that is still being written: nothing that counts as complete is news. */
function breachOfPrefix(bytes: Buffer, { items }: Extract<Content, { status: 'ok' }>, chance: Chance) {
  const cut = parseContent(bytes.subarray(0, chance.below(bytes.length + 1)));
  if (cut.status === 'refused') return undefined;
  const whole = new Set(items.map((item) => (item.type === 'command' ? `${item.line} ${item.digest}` : '')));
  const last = Math.max(0, ...cut.items.map(({ line }) => line));
  // What stands below an object that is still being written is a command only if the object never ends.
  const unended = cut.items.find((item) => item.type === 'fault' && !item.isComplete)?.line ?? Infinity;
  return first(cut.items, (item) => {
    // What follows an object on its own line is unknown to a reader that has not seen it.
    if (item.type !== 'command' || !item.isComplete || item.line === last || item.line > unended) return undefined;
    return whole.has(`${item.line} ${item.digest}`) ? undefined : `line ${item.line} is a command only when cut`;
  });
}

/** Whatever stands there, a command that is written below is heard: no object that never ends swallows it. */
function breachOfSequel(bytes: Buffer, { encoding }: Extract<Content, { status: 'ok' }>): string | undefined {
  // The first newline is a torn stamp's, where one came into the last line.
  const more = parseContent(Buffer.concat([bytes, encode('\n\nreport id=sequel\n', encoding)]));
  if (more.status === 'refused') return undefined;
  const isHeard = more.items.some((item) => item.type === 'command' && item.command.id === 'sequel');
  return isHeard ? undefined : 'what was written below is not heard';
}

function breachOfPending(items: readonly Item[], chance: Chance): string | undefined {
  const viewer = {
    instance: chance.of(['orders-1', 'orders-2', 'x']),
    isHistory: () => chance.is(0.1),
    isUnfinished: () => chance.is(0.3),
  };
  const pending = pendingOf(items, viewer);
  const unanswered = countUnanswered(items);
  if (unanswered > 64) return 'too many commands without an answer';
  if (new Set(pending.map(({ item }) => item.digest)).size !== pending.length) return 'a command is pending twice';
  if (!pending.every(({ item }) => items.includes(item))) return 'something is pending that is not in the file';
  const circumstances: DecisionContext = {
    verbs,
    isWaitingForVerbs: chance.is(0.2),
    isFromStart: () => chance.is(0.2),
    wasRun: () => chance.is(0.2),
    isExpired: () => chance.is(0.1),
  };
  return first(pending, (one) => {
    const decision = decide(one, circumstances);
    if (decision.type === 'run') {
      const isAsked = one.item.type === 'command' && decision.command === one.item.command;
      return isAsked && decision.verb.name === decision.command.verb
        ? undefined
        : 'something runs that was not asked for';
    }
    if (decision.type !== 'answer') return undefined;
    return /\p{Cc}/u.test(decision.detail) ? 'an answer holds control characters' : undefined;
  });
}
