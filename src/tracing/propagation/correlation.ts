import { isUtf8 } from 'node:buffer';
import { copyOf } from '../../base/text';
import { readBase64 } from './base64';

/** What the whole trace carries along for the application, as the Java agent bounds it. */
const MAX_CORRELATION_LENGTH = { keys: 3, characters: 128 } as const;

/** In Base64, of one key or value: at most three bytes for each UTF-16 unit. */
const MAX_FIELD = 4 * MAX_CORRELATION_LENGTH.characters;

const COLON = 0x3a;
const COMMA = 0x2c;

const field = Buffer.allocUnsafeSlow((MAX_FIELD / 4) * 3);

/** The pairs of a trace that the application has set some of. */
class Pairs extends Map<string, string> {
  constructor(
    pairs: ReadonlyMap<string, string> | undefined,
    /** Those that it has set itself; the others came with the request. */
    readonly own: Map<string, string>,
  ) {
    super(pairs);
  }
}

/**
 * The pairs of a header `sw8-correlation`, up to the third, or to the first that is malformed or too long: what comes
 * behind is not looked at, however much it is. `undefined`: there are none.
 */
export function parseCorrelation(header: unknown): Map<string, string> | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  let pairs: Map<string, string> | undefined;
  for (let at = 0, n = 0; n < MAX_CORRELATION_LENGTH.keys && at < header.length; n++) {
    const colon = endOf(header, at, COLON);
    const end = endOf(header, colon + 1, COMMA);
    const key = textIn(header, at, colon);
    if (!key || header.charCodeAt(colon) !== COLON) break;
    const value = textIn(header, colon + 1, end);
    if (value === undefined || isTooLong(key) || isTooLong(value)) break;
    pairs ??= new Map();
    pairs.set(key, value);
    at = end + 1;
  }
  return pairs;
}

/** `undefined`: there is nothing to carry along. */
export function formatCorrelation(pairs: ReadonlyMap<string, string> | undefined): string | undefined {
  if (!pairs || pairs.size === 0) return undefined;
  return [...pairs].map(([key, value]) => `${base64(key)}:${base64(value)}`).join(',');
}

/** The pairs with one more, or another, or (an empty value) without one; `undefined` if it does not fit in. */
export function withPair(
  pairs: ReadonlyMap<string, string> | undefined,
  key: string,
  value: string,
): Map<string, string> | undefined {
  if (key === '' || isTooLong(key) || isTooLong(value)) return undefined;
  const changed = new Pairs(pairs, new Map(pairs instanceof Pairs ? pairs.own : undefined));
  if (value === '') {
    changed.delete(key);
    changed.own.delete(key);
    return changed;
  }
  // They may be parts of a large text, and stay as long as anything that goes on with the trace.
  const [ownKey, ownValue] = [copyOf(key), copyOf(value)];
  changed.set(ownKey, ownValue);
  changed.own.set(ownKey, ownValue);
  return changed.size > MAX_CORRELATION_LENGTH.keys ? undefined : changed;
}

/** What the application has set, without what came with the request. */
export function ownPairs(pairs: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> | undefined {
  return pairs instanceof Pairs ? new Pairs(pairs.own, pairs.own) : undefined;
}

function isTooLong(text: string): boolean {
  return text.length > MAX_CORRELATION_LENGTH.characters;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Where the field that begins at `from` ends; of a field that is too long, a position past what a field may have. */
function endOf(header: string, from: number, mark: number): number {
  const last = Math.min(header.length, from + MAX_FIELD + 1);
  let at = from;
  while (at < last && header.charCodeAt(at) !== mark) at++;
  return at;
}

function textIn(header: string, from: number, end: number): string | undefined {
  const length = end - from > MAX_FIELD ? -1 : readBase64(field, header, from, end);
  if (length < 0 || !isUtf8(field.subarray(0, length))) return undefined;
  return field.toString('utf8', 0, length);
}
