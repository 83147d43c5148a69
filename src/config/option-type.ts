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

/** Items between commas, blanks around them do not count; or an array. */
export function listType<T>(
  item: OptionType<T>,
  { expected, least, most = Infinity }: ListBounds,
): OptionType<readonly T[]> {
  const collect = (found: readonly (T | undefined)[]): readonly T[] | undefined => {
    const items = found.filter((value) => value !== undefined);
    return items.length === found.length && items.length >= least && items.length <= most ? items : undefined;
  };
  const parse = (text: string): readonly T[] | undefined => collect(itemsOf(text).map((part) => item.parse(part)));
  return {
    expected,
    parse,
    accept(value) {
      if (typeof value === 'string') return parse(value);
      return Array.isArray(value) ? collect(value.map((part) => item.accept(part))) : undefined;
    },
  };
}

/** Like {@link listType}, but a text may have items that are none: they are left out. An array may not. */
export function lenientListType<T>(item: OptionType<T>, bounds: ListBounds): OptionType<readonly T[]> {
  return {
    ...listType(item, bounds),
    parse: (text) =>
      itemsOf(text)
        .map((part) => item.parse(part))
        .filter((value) => value !== undefined),
    leftOut: (text) => itemsOf(text).filter((part) => item.parse(part) === undefined),
  };
}

function itemsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
