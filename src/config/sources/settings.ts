import type { Fault } from '../../api/errors';
import { closestMatch, truncate } from '../../base/text';
import { KEY_ALIASES } from '../names/aliases';
import { OPTION_ROWS, type OptionRow } from '../option-table';
import { itemsOf, MAX_LIST_TEXT, type OptionType } from '../option-type';

/** What one option was set to. */
export interface Setting<T> {
  readonly value: T;
  readonly given: ProvidedValue;
}

const STRENGTH: Readonly<Record<ConfigLayer, number>> = { flag: 4, environment: 3, start: 2, file: 1 };

/** Whether what `one` says goes before what `other` says. */
export function isStronger(one: ConfigLayer, other: ConfigLayer): boolean {
  return STRENGTH[one] > STRENGTH[other];
}

/** `undefined` also where a proxy or a getter of the application's throws. */
function valueIn<T>(kind: OptionType<T>, given: ProvidedValue): T | undefined {
  try {
    if (!isText(given)) return kind.accept(given.value);
    const text = asText(given.value, kind);
    return text === undefined ? undefined : kind.parse(text);
  } catch {
    return undefined;
  }
}

/** What a text says, or a value that another agent takes for one; `undefined`: anything else. Never throws. */
function asText(value: unknown, { mostItems }: Pick<OptionType<unknown>, 'mostItems'>): string | undefined {
  if (isScalar(value)) return String(value);
  try {
    if (mostItems === undefined || !Array.isArray(value)) return undefined;
    // Read once: a proxy may say something else the next time.
    const { length } = value;
    if (!(length <= mostItems)) return undefined;
    const items = Array.from({ length }, (_, at): unknown => value[at]);
    // One that is missing (a variable that is not set) is left out.
    return items.every((item) => item === undefined || item === null || isScalar(item)) ? items.join() : undefined;
  } catch {
    return undefined;
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

const TEXT_LAYERS: readonly ConfigLayer[] = ['flag', 'environment'];

function isText({ layer, isText }: ProvidedValue): boolean {
  return isText === true || TEXT_LAYERS.includes(layer);
}

/**
 * All layers, laid over each other. Only the value that counts is checked: a flag has to be able to mend what is wrong
 * in a file that cannot be changed.
 */
export class Settings {
  private readonly faults = new Map<string, Fault>();
  private readonly ignored = new Map<string, string>();

  /** @param layers what goes before comes first */
  constructor(private readonly layers: readonly (readonly ProvidedValue[])[]) {}

  /** @returns undefined: not set, or a fault which is noted */
  read<T>(row: OptionRow<T>): Setting<T> | undefined {
    for (const layer of this.layers) {
      const given = layer.find((candidate) => candidate.row.name === row.name);
      if (!given) continue;
      const value = valueIn(row.kind, given);
      if (value !== undefined) {
        this.noteLeftOut(row, given);
        return { value, given };
      }
      if (!row.isSoft || given.layer !== 'environment') {
        this.fault(given);
        return undefined;
      }
      this.ignore(given, given.value);
    }
    return undefined;
  }

  /** Notes a fault that shows only when the value is used. For one option only the first fault counts. */
  fault(given: ProvidedValue, expected?: string): void {
    if (!this.faults.has(given.row.name)) this.faults.set(given.row.name, faultOf(given, expected));
  }

  get found(): readonly Fault[] {
    return [...this.faults.values()];
  }

  /** What the environment says and nothing understands, one line each. */
  get warnings(): readonly string[] {
    return [...this.ignored.values()];
  }

  private noteLeftOut({ kind }: OptionRow<unknown>, given: ProvidedValue): void {
    if (given.layer !== 'environment' && !given.isText) return;
    const items = kind.leftOut?.(asText(given.value, kind) ?? '') ?? [];
    if (items.length > 0) this.ignore(given, items.join());
  }

  /** @param what the value, or the part of it that is ignored */
  private ignore(given: ProvidedValue, what: unknown): void {
    const { name, value, source, expected } = faultOf({ ...given, value: what });
    this.ignored.set(name, `${name} = ${value} (${source}) is ignored: expected ${expected}`);
  }
}

type ConfigLayer = 'flag' | 'environment' | 'start' | 'file';

/** A value for an option, as it was given. */
export interface ProvidedValue {
  readonly row: OptionRow<unknown>;
  readonly value: unknown;
  readonly layer: ConfigLayer;
  /** As a fault names it: `flag --skyanchor-protocol`, `environment SW_AGENT_PROTOCOL`, `start()`, `file skyanchor.config.json`. */
  readonly source: string;
  /** Read as in the environment: another agent's name for it, whose values are not checked there either. */
  readonly isText?: true;
}

/** What a layer says, and what is wrong with how it says it. */
export interface LayerContent {
  readonly given: readonly ProvidedValue[];
  readonly faults: readonly Fault[];
  /** What it says that only other agents read, a sentence each. */
  readonly notes?: readonly string[];
}

export function faultOf({ row, value, source }: ProvidedValue, expected = expectedFor(row, value)): Fault {
  return { name: row.name, value: shownFor(row, value), source, expected };
}

function expectedFor({ kind }: OptionRow<unknown>, value: unknown): string {
  const instead = kind.instead?.(asText(value, kind) ?? '') ?? tooManyItems(value, kind);
  return instead === undefined ? kind.expected : `${kind.expected}; ${instead}`;
}

/** Unless what is expected says the bound itself. */
function tooManyItems(value: unknown, { expected, mostItems }: OptionType<unknown>): string | undefined {
  if (mostItems === undefined) return undefined;
  if (typeof value === 'string' && value.length > MAX_LIST_TEXT)
    return `at most ${MAX_LIST_TEXT} characters, not ${value.length}`;
  if (expected.includes(`at most ${mostItems} `)) return undefined;
  const count = typeof value === 'string' ? itemsOf(value).length : lengthOf(value);
  return count > mostItems ? `at most ${mostItems} items, not ${count}` : undefined;
}

/** 0 also of what is no array. */
function lengthOf(value: unknown): number {
  try {
    return Array.isArray(value) ? value.length : 0;
  } catch {
    return 0;
  }
}

const LONGEST = 100;
/** A text may be too long to be searched, or quoted: this much of it is. */
const MOST_READ = 10_000;
/** Begins where a word begins, so that each is looked through once: values may be long. */
const BEFORE_AT = /(?<![^\s,/@])[^\s,/@]+@/g;

const BEHIND_ADDRESS = /([?#]).*/s;
/** Up to the quote at the end of an item. */
const BEHIND_ITEM = /([?#])(?:\\.|[^"\\])*/gs;

/** How a path begins, perhaps behind a quote too many. A token or a key that was given in its place hardly does. */
const PATH = /^["']?(?:[\\/][^\\/]+[\\/]|~|\.{1,2}[\\/]|[a-z]:[\\/])/i;

/** What was given for an option, with nothing of it that may be secret. */
export function shownFor({ isSecret, isPath, isAddress }: OptionRow<unknown>, value: unknown): string {
  const isShown = !isSecret || (isPath && typeof value === 'string' && PATH.test(value));
  return isShown ? showValue(value, isAddress) : '***';
}

const NAMES = [...OPTION_ROWS.map(({ name }) => name), ...KEY_ALIASES.keys()];

/** What was given by a name that does not exist: as for the option that its name is nearest to. */
export function shownForUnknown(name: string, value: unknown): string {
  if (/auth|pass|secret|token|credential|key/i.test(name)) return '***';
  const nearest = closestMatch(name, NAMES) ?? '';
  const meant = KEY_ALIASES.get(nearest) ?? nearest;
  const row = OPTION_ROWS.find((candidate) => candidate.name === meant);
  return row ? shownFor(row, value) : showValue(value);
}

/**
 * What was given, as one line of text for a fault. Keys, and passwords and tokens in addresses, are not shown.
 * @param isAddress nor is what stands before an `@`, or behind a `?` or a `#`
 */
export function showValue(value: unknown, isAddress = false): string {
  const text = textOf(value, isAddress);
  if (text.includes('-----BEGIN ')) return '***';
  const whole = (/\p{Cc}/u.test(text) ? JSON.stringify(text) : text).replace(BEFORE_AT, hidden);
  const behind = isArray(value) ? BEHIND_ITEM : BEHIND_ADDRESS;
  const line = isAddress ? whole.replace(behind, '$1***') : whole;
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** Matches `user:password@`. */
function hidden(user: string): string {
  return user.includes(':', 1) ? '***@' : user;
}

const SCHEME = /^[^\s:,/@]*:\/\//;

/** A token alone is a user, too, and one who mistypes an address may have any character in it. */
function withoutUser(text: string, isAddress: boolean): string {
  if (!isAddress && !text.includes('://')) return text;
  const end = text.lastIndexOf('@');
  const behindScheme = isAddress ? (SCHEME.exec(text)?.[0].length ?? 0) : text.indexOf('://') + 3;
  if (end < behindScheme) return text;
  const shown = `${text.slice(0, behindScheme)}***`;
  // A `?` may be in the password, or the `@` in the query.
  return isAddress && /[?#]/.test(text.slice(0, end)) ? shown : shown + text.slice(end);
}

function textOf(value: unknown, isAddress: boolean): string {
  if (typeof value === 'string') return withoutUser(beginningOf(value), isAddress);
  if (!isArray(value)) return kindOrText(value);
  try {
    const items = Array.from({ length: Math.min(value.length, LONGEST) }, (_, at) => itemText(value[at], isAddress));
    return `[${items.join()}]`;
  } catch {
    return 'an array';
  }
}

/** What is in an array may be endless, too. */
function itemText(item: unknown, isAddress: boolean): string {
  if (typeof item === 'string') return JSON.stringify(withoutUser(beginningOf(item), isAddress));
  return isArray(item) ? 'an array' : kindOrText(item);
}

/** An object may hold anything; a logger may be endless; the source of a function is not what it is called. */
function kindOrText(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : truncate(value ?? String(value), LONGEST + 1);
}

/** What is cut off may hold the `@` after a password, so this ends with one. */
function beginningOf(text: string): string {
  return text.length > MOST_READ ? `${text.slice(0, MOST_READ)}@` : text;
}

/** `Array.isArray` throws for a proxy that was revoked. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
