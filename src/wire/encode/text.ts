import { closeLength } from './length';
import { sizeOfUint32 } from './varint';

/** Up to here a loop beats the call into native code. */
const SHORT = 40;

/**
 * A string with its length before it. Lone surrogates become U+FFFD, which is what `Buffer` makes of them. There must
 * be room for three bytes a character and five for the length.
 */
export function writeText(buf: Buffer, pos: number, text: string): number {
  const length = text.length;
  if (length >= SHORT) return writeLongText(buf, pos, text);
  let at = pos + 1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return writeLongText(buf, pos, text);
    buf[at++] = code;
  }
  buf[pos] = length;
  return at;
}

function writeLongText(buf: Buffer, pos: number, text: string): number {
  // There are at least as many bytes as characters, so the guess is right or short by a byte.
  const reserved = sizeOfUint32(text.length);
  const body = pos + reserved;
  return closeLength(buf, body, body + buf.write(text, body), reserved);
}

/** What becomes of a string on its way through UTF-8: lone surrogates are U+FFFD. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
