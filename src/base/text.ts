import { types } from 'node:util';

/** Whatever the application passes, as a string of at most `limit` UTF-16 units. Never throws. */
export function truncate(value: unknown, limit: number): string {
  if (typeof value === 'string') return value.length <= limit ? value : cut(value, limit);
  let printed: string;
  try {
    printed = textOf(value, limit, MAX_LIST_DEPTH);
  } catch {
    // No prototype, a proxy that refuses, a toString that throws.
    return '[unprintable]';
  }
  return printed.length <= limit ? printed : cut(printed, limit);
}

/** A caller may send a list as deep as a request is long. */
const MAX_LIST_DEPTH = 16;

/** As `String` would have it, but of lists and bytes no more is read than `limit` characters ask for. */
function textOf(value: unknown, limit: number, depth: number): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8', 0, MAX_UTF8_BYTES * limit);
  // Node takes seconds to write a large number in decimal.
  if (typeof value === 'bigint') return BigInt.asIntN(MAX_INTEGER_BITS, value) === value ? String(value) : '[bigint]';
  if (!Array.isArray(value) && !types.isTypedArray(value)) return String(value);
  const list: ArrayLike<unknown> = value;
  let text = '';
  for (let at = 0; at < list.length && text.length <= limit; at++) {
    if (at > 0) text += ',';
    const item = list[at];
    if (item === undefined || item === null) continue;
    if (typeof item === 'string') text += item.length <= limit ? item : item.slice(0, limit + 1);
    else text += depth === 0 ? '…' : textOf(item, limit, depth - 1);
  }
  return text;
}

/** UTF-8 bytes of one UTF-16 unit, at most. */
const MAX_UTF8_BYTES = 3;
const MAX_INTEGER_BITS = 1_024;

/** V8 makes no slice of fewer characters: it copies them. */
const SHORTEST_SLICE = 13;

export function mayBeSlice(text: string): boolean {
  return text.length >= SHORTEST_SLICE;
}

/** A mere slice keeps the whole of a huge string alive for as long as it is held itself. */
export function copyOf(text: string): string {
  return !mayBeSlice(text) ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}

function cut(value: string, limit: number): string {
  const last = value.charCodeAt(limit - 1);
  // Not through the middle of a surrogate pair: half an emoji is no character.
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
  return copyOf(value.slice(0, end));
}

/** What an instance's name may be long. */
const LONGEST = 200;

/**
 * The name of the `number`th process that is to be called `base`: `orders`, `orders-2`, `orders-3`. A base that leaves
 * no room for the number is cut.
 */
export function withNumberSuffix(base: string, number: number): string {
  if (number <= 1) return base;
  const suffix = `-${number}`;
  const characters = Array.from(base);
  const room = LONGEST - suffix.length;
  return (characters.length > room ? characters.slice(0, room).join('') : base) + suffix;
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  try {
    // Not `instanceof`: an error of another realm, as test runners have them, is one too.
    if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') {
      return error.message;
    }
    return String(error);
  } catch {
    return 'an unprintable value was thrown';
  }
}

/** The token of now, and those before it: by a connection that is left, its backend may still quote them. */
const MAX_SECRETS = 4;
/** A shorter one is found in ordinary words, and what is masked there would tell it. */
const SHORTEST_SECRET = 8;
let secrets: readonly string[] = [];
let longestFirst: readonly string[] = [];

/** No text from outside shows it from now on. */
export function keepSecret(secret: string): void {
  if (secret.length < SHORTEST_SECRET || secret === secrets[0]) return;
  secrets = [secret, ...secrets.filter((other) => other !== secret)].slice(0, MAX_SECRETS);
  // Where one is a part of another, the rest of that would stay.
  longestFirst = [...secrets].sort((a, b) => b.length - a.length);
}

export function withoutSecrets(text: string): string {
  return longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

const MAX_PRINTABLE_LENGTH = 300;

/**
 * What would steer a terminal, or show nothing, or turn the direction of what follows: control characters, halves of
 * characters, bidirectional and zero-width ones, line separators.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** What comes from outside ends up in log lines and status files: no secrets, line breaks or terminal codes, not without end. */
export function printable(text: string): string {
  return copyOf(withoutSecrets(text).slice(0, MAX_PRINTABLE_LENGTH).replace(UNPRINTABLE, ' ').trim());
}

/** The word that was probably meant; undefined if none is near enough. Case, `-` and `_` do not count. */
export function closestMatch(wrong: string, words: readonly string[]): string | undefined {
  const bare = bareOf(wrong);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(bare.length / 3)) + 1;
  for (const word of words) {
    const distance = distanceOf(bare, bareOf(word));
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

function bareOf(word: string): string {
  // A word that long is no slip of the pen; cutting it bounds the work.
  return word.slice(0, 64).replace(/[-_]/g, '').toLowerCase();
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let at = 1; at <= a.length; at++) {
    const next = [at];
    for (let other = 1; other <= b.length; other++) {
      const change = a[at - 1] === b[other - 1] ? 0 : 1;
      next.push(Math.min((row[other] ?? 0) + 1, (next[other - 1] ?? 0) + 1, (row[other - 1] ?? 0) + change));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
