import type { NameSource } from '../../model/segment';

const ID = '{id}';
const SLASH = 0x2f;
const DASH = 0x2d;
const UUID_LENGTH = 36;
const MIN_HEX_LENGTH = 16;
/** A cuid has 25 characters, a ULID 26. */
const MIN_TOKEN_LENGTH = 20;
/** `getCustomerAccountsV2` has one digit. */
const MIN_TOKEN_DIGITS = 3;

/**
 * The path with `{id}` for each segment that identifies one thing among many: a number, a UUID, 16 or more hexadecimal
 * digits of which one is 0 to 9, or 20 or more letters and digits of which three are digits. What people write and read
 * stays: `v1`, `1.1`, `2026-11-28`, `top-10`, `order-7`. No digit, no id: this runs for each request, and most paths are
 * read once.
 */
export function groupPath(path: string): string {
  let grouped = '';
  let done = 0;
  let start = 0;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === SLASH) start = at + 1;
    else if (isDigit(code)) {
      const slash = path.indexOf('/', at);
      const end = slash === -1 ? path.length : slash;
      if (isId(path, start, end)) {
        grouped += path.slice(done, start) + ID;
        done = end;
      }
      at = end - 1;
    }
  }
  return done === 0 ? path : grouped + path.slice(done);
}

/** Names a span by its path alone, where there is no route to be found. */
export const groupedPath: NameSource = { resolve: groupPath };

function isId(path: string, start: number, end: number): boolean {
  const length = end - start;
  let digits = 0;
  let hexLetters = 0;
  let dashes = 0;
  for (let at = start; at < end; at++) {
    const code = path.charCodeAt(at);
    if (isDigit(code)) digits++;
    else if (code === DASH) dashes++;
    else if (!isLetter(code)) return false;
    else if ((code | 0x20) <= 0x66) hexLetters++;
  }
  if (digits === length) return true;
  const isHex = digits + hexLetters + dashes === length;
  if (dashes !== 0) return isHex && dashes === 4 && length === UUID_LENGTH;
  if (isHex) return length >= MIN_HEX_LENGTH;
  return length >= MIN_TOKEN_LENGTH && digits >= MIN_TOKEN_DIGITS;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
