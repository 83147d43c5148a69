import { MAX_GLOB_LENGTH } from '../base/patterns';
import type { KeepOptions, SamplingRule } from '../api/options';

/** How values of one kind are read. `undefined`: it is none. */
export interface OptionType<T> {
  /** Ends the sentence "expected …". */
  readonly expected: string;
  /** Parses the value of a flag or a variable. */
  readonly parse: (text: string) => T | undefined;
  /** Checks the value from `start()` or the file. */
  readonly accept: (value: unknown) => T | undefined;
  /** The items of a variable's text that `parse` leaves out, since they mean something to other agents only. */
  readonly leftOut?: (text: string) => readonly string[];
  /** Where it is a list: how long it may be. */
  readonly mostItems?: number | undefined;
  /** What to say of a text that means something to other agents. */
  readonly instead?: (text: string) => string | undefined;
}

export function textType(expected: string, rule: RegExp): OptionType<string> {
  const accept = (value: unknown): string | undefined =>
    typeof value === 'string' && rule.test(value) ? value : undefined;
  return { expected, parse: accept, accept };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly integer?: boolean;
}

export function numberType({ least, most, integer = false }: Bounds): OptionType<number> {
  const accept = (value: unknown): number | undefined =>
    typeof value === 'number' && value >= least && value <= most && (!integer || Number.isInteger(value))
      ? value
      : undefined;
  return {
    expected: `${integer ? 'an integer' : 'a number'} from ${least} to ${most}`,
    // `Number('')`, `Number('0x10')` and `Number('1_0')` are not what anybody means by a number in a variable.
    parse: (text) => (DECIMAL.test(text.trim()) ? accept(Number(text.trim())) : undefined),
    accept,
  };
}

const WORDS: Readonly<Record<string, boolean | undefined>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

export const booleanType: OptionType<boolean> = {
  expected: 'true or false',
  parse(text) {
    const word = text.trim().toLowerCase();
    return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  },
  accept: (value) => (typeof value === 'boolean' ? value : undefined),
};

/**
 * One of a few words; in text, whatever their case: other agents write `WARN`.
 *
 * @param aliases what other agents and loggers call them, in text only
 */
export function wordType<T extends string>(
  words: readonly T[],
  aliases: Readonly<Record<string, T | undefined>> = {},
): OptionType<T> {
  const find = (value: unknown): T | undefined => words.find((word) => word === value);
  return {
    expected: `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
    parse(text) {
      const word = text.trim().toLowerCase();
      return find(word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
    },
    accept: find,
  };
}

interface ListBounds {
  readonly expected: string;
  readonly least: number;
  readonly most?: number;
}

/** For a list that says no other number. An array of the application's may claim to have billions. */
const MAX_ITEMS = 10_000;

/** What is longer is no list that is meant: to take it apart would hold up the start for seconds. */
export const MAX_LIST_TEXT = 1_000_000;

/** Items between commas, blanks around them do not count; or an array. */
export function listType<T>(
  item: OptionType<T>,
  { expected, least, most = MAX_ITEMS }: ListBounds,
): OptionType<readonly T[]> {
  const collect = (found: readonly (T | undefined)[]): readonly T[] | undefined => {
    const items = found.filter((value) => value !== undefined);
    return items.length === found.length && items.length >= least && items.length <= most ? items : undefined;
  };
  const parse = (text: string): readonly T[] | undefined =>
    text.length > MAX_LIST_TEXT ? undefined : collect(itemsOf(text).map((part) => item.parse(part)));
  return {
    expected,
    mostItems: most,
    parse,
    accept(value) {
      if (typeof value === 'string') return parse(value);
      if (!Array.isArray(value) || value.length > most) return undefined;
      return collect(value.map((part) => item.accept(part)));
    },
  };
}

/** Like {@link listType}, but a text may have items that are none: they are left out. An array may not. */
export function lenientListType<T>(item: OptionType<T>, bounds: ListBounds): OptionType<readonly T[]> {
  return {
    ...listType(item, bounds),
    parse: (text) =>
      text.length > MAX_LIST_TEXT
        ? undefined
        : itemsOf(text)
            .map((part) => item.parse(part))
            .filter((value) => value !== undefined),
    leftOut: (text) => itemsOf(text).filter((part) => item.parse(part) === undefined),
  };
}

export function itemsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export interface BackendAddress {
  /** A name or an address; of IPv6 without the brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST_PORT = /^(?:\[(?<ipv6>[0-9a-f:.]*:[0-9a-f:.]*(?:%[\w.-]+)?)\]|(?<name>[\w.-]+)):(?<port>\d{1,5})$/i;

/** @returns undefined: not `host:port` */
export function parseBackendAddress(text: string): BackendAddress | undefined {
  const { ipv6, name, port } = HOST_PORT.exec(text)?.groups ?? {};
  const host = ipv6 ?? name;
  const number = Number(port);
  // `number` is NaN where nothing matched.
  if (host === undefined || !(number >= 1 && number <= 65_535)) return undefined;
  return { host, port: number };
}

export const INSTANCE_NAME_EXPECTED = '1 to 200 characters without blanks and control characters, no leading @';

const INSTANCE_NAME = /^(?!@)[^\s\p{Cc}\p{Cs}]{1,200}$/u;
/** A text of nothing but beginnings of placeholders takes time by the square of its length. */
const MAX_TEMPLATE_LENGTH = 2_000;
const PLACEHOLDER = /\$\{(?<name>[A-Za-z_]\w*)(?::(?<fallback>[^}]*))?\}/g;

/** What placeholders stand for. */
export interface PlaceholderContext {
  readonly hostname: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type FilledName =
  { readonly type: 'name'; readonly name: string } | { readonly type: 'fault'; readonly expected: string };

/**
 * Fills `${HOSTNAME}`, `${pid}` and `${ENV_NAME:default}`. A variable that is set but empty counts as not set, as
 * everywhere; `HOSTNAME` is the host's own name even where a shell exports another.
 */
export function fillInstanceName(template: string, { hostname, pid, env }: PlaceholderContext): FilledName {
  if (template.length > MAX_TEMPLATE_LENGTH) return { type: 'fault', expected: INSTANCE_NAME_EXPECTED };
  const missing: string[] = [];
  const fill = (_whole: string, name: string, fallback: string | undefined): string => {
    if (name === 'HOSTNAME') return hostname;
    if (name === 'pid') return String(pid);
    const value = env[name] ?? '';
    if (value === '' && fallback === undefined) missing.push(name);
    return value === '' ? (fallback ?? '') : value;
  };
  const name = template.replace(PLACEHOLDER, fill);
  if (missing.length > 0) {
    const first = missing[0] ?? '';
    return { type: 'fault', expected: `${missing.join(', ')} to be set, or a default: \${${first}:default}` };
  }
  // What could not be read as a placeholder is a slip, not a name.
  if (template.replace(PLACEHOLDER, '').includes('${'))
    return { type: 'fault', expected: 'placeholders of the form ${HOSTNAME}, ${pid} or ${ENV_NAME:default}' };
  return INSTANCE_NAME.test(name) ? { type: 'name', name } : { type: 'fault', expected: INSTANCE_NAME_EXPECTED };
}

const MAX_RULES = 64;
const rate = numberType({ least: 0, most: 1 });
const perSecond = numberType({ least: 1, most: 1_000_000, integer: true });
const milliseconds = numberType({ least: 1, most: 86_400_000 });

export const samplingRules: OptionType<readonly SamplingRule[]> = {
  expected: `at most ${MAX_RULES} rules {path, rate?, perSecond?}: a glob, a number from 0 to 1, an integer from 1`,
  parse: () => undefined,
  accept(value) {
    if (!Array.isArray(value) || value.length > MAX_RULES) return undefined;
    const rules = value.map(readRule).filter((rule) => rule !== undefined);
    return rules.length === value.length ? rules : undefined;
  },
};

export const keep: OptionType<KeepOptions> = {
  expected: '{errors?, slowerThanMs?}: true or false, milliseconds from 1',
  parse: () => undefined,
  accept(value) {
    const fields = fieldsOf(value, ['errors', 'slowerThanMs']);
    if (!fields) return undefined;
    const { errors, slowerThanMs } = fields;
    if (errors !== undefined && typeof errors !== 'boolean') return undefined;
    if (slowerThanMs !== undefined && milliseconds.accept(slowerThanMs) === undefined) return undefined;
    return Object.freeze({ errors, slowerThanMs: milliseconds.accept(slowerThanMs) });
  },
};

function readRule(value: unknown): SamplingRule | undefined {
  const fields = fieldsOf(value, ['path', 'rate', 'perSecond']);
  if (!fields) return undefined;
  const { path } = fields;
  if (typeof path !== 'string' || path === '' || path.length > MAX_GLOB_LENGTH) return undefined;
  if (fields['rate'] === undefined && fields['perSecond'] === undefined) return undefined;
  if (fields['rate'] !== undefined && rate.accept(fields['rate']) === undefined) return undefined;
  if (fields['perSecond'] !== undefined && perSecond.accept(fields['perSecond']) === undefined) return undefined;
  return Object.freeze({ path, rate: rate.accept(fields['rate']), perSecond: perSecond.accept(fields['perSecond']) });
}

/** `undefined`: it is no object, or has other fields. */
function fieldsOf(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  try {
    const entries = Object.entries(value);
    return entries.every(([name]) => names.includes(name)) ? Object.fromEntries(entries) : undefined;
  } catch {
    // A getter of the application's.
    return undefined;
  }
}
