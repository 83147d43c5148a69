import { isUtf8 } from 'node:buffer';
import { readBase64 } from './base64';

/** What the whole trace carries along for the application, as the Java agent bounds it. */
export const LONGEST_CORRELATION = { keys: 3, characters: 128 } as const;

/** Of a header that is read: three pairs of 128 characters, four bytes each, in Base64, and some air. */
const LONGEST_HEADER = 8192;

const field = Buffer.allocUnsafeSlow((LONGEST_HEADER / 4) * 3);

/**
 * The pairs of a header `sw8-correlation`; those that are malformed, too long or too many are left out, and the rest is
 * taken. `undefined`: there are none.
 */
export function readCorrelation(header: unknown): Map<string, string> | undefined {
  if (typeof header !== 'string' || header === '' || header.length > LONGEST_HEADER) return undefined;
  const pairs = new Map<string, string>();
  for (const pair of header.split(',')) {
    const [key, value, ...more] = pair.split(':').map(textIn);
    if (!key || value === undefined || more.length > 0) continue;
    if (isTooLong(key) || isTooLong(value)) continue;
    if (pairs.size < LONGEST_CORRELATION.keys) pairs.set(key, value);
  }
  return pairs.size > 0 ? pairs : undefined;
}

/** `undefined`: there is nothing to carry along. */
export function writeCorrelation(pairs: ReadonlyMap<string, string> | undefined): string | undefined {
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
  const changed = new Map(pairs);
  if (value === '') {
    changed.delete(key);
    return changed;
  }
  changed.set(key, value);
  return changed.size > LONGEST_CORRELATION.keys ? undefined : changed;
}

function isTooLong(text: string): boolean {
  return text.length > LONGEST_CORRELATION.characters;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function textIn(base64Text: string): string | undefined {
  const length = readBase64(field, base64Text, 0, base64Text.length);
  if (length < 0 || !isUtf8(field.subarray(0, length))) return undefined;
  return field.toString('utf8', 0, length);
}
