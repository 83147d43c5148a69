import { closeLength, sizeOfUint32 } from './varint';

/** Up to here a loop beats the call into native code. */
const SHORT = 40;

/**
 * A string with its length before it. Lone surrogates become U+FFFD, which is what `Buffer` makes of them. There must
 * be room for three bytes a character and five for the length.
 */
export function writeFastText(buf: Buffer, pos: number, text: string): number {
  const length = text.length;
  if (length >= SHORT) return writeLongText(buf, pos, text);
  const end = writeAscii(buf, pos + 1, text);
  if (end === 0) return writeLongText(buf, pos, text);
  buf[pos] = length;
  return end;
}

/** Two strings as one: what they would be joined, without joining them. Both are well-formed. */
export function writeJoined(buf: Buffer, pos: number, first: string, second: string): number {
  if (first === '') return writeFastText(buf, pos, second);
  const length = first.length + second.length;
  if (length < SHORT) {
    const middle = writeAscii(buf, pos + 1, first);
    const end = middle === 0 ? 0 : writeAscii(buf, middle, second);
    if (end !== 0) {
      buf[pos] = length;
      return end;
    }
  }
  const reserved = sizeOfUint32(length);
  const body = pos + reserved;
  const middle = body + buf.write(first, body);
  return closeLength(buf, body, middle + buf.write(second, middle), reserved);
}

/** @returns 0: it is not ASCII; otherwise the position after it */
function writeAscii(buf: Buffer, pos: number, text: string): number {
  let at = pos;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return 0;
    buf[at++] = code;
  }
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
