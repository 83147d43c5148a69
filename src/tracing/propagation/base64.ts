const CODES = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const PAD = 0x3d;
/** In the place of six bits, where a character stands for none. */
const NONE = 64;
/** The six bits that a character stands for, by its code. */
const BITS = new Uint8Array(128).fill(NONE);
CODES.forEach((code, bits) => (BITS[code] = bits));

/**
 * Writes `bytes[0 … length)` as padded Base64 at `pos`; returns the position after it. Node's own costs a buffer and a
 * string for each field, several times what these few bytes do.
 */
export function writeBase64(to: Buffer, pos: number, bytes: Buffer, length: number): number {
  let at = pos;
  let i = 0;
  for (; i + 2 < length; i += 3) {
    const three = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    to[at] = CODES[three >> 18] as number;
    to[at + 1] = CODES[(three >> 12) & 63] as number;
    to[at + 2] = CODES[(three >> 6) & 63] as number;
    to[at + 3] = CODES[three & 63] as number;
    at += 4;
  }
  if (i === length) return at;
  const left = length - i;
  const rest = ((bytes[i] as number) << 16) | (left === 2 ? (bytes[i + 1] as number) << 8 : 0);
  to[at] = CODES[rest >> 18] as number;
  to[at + 1] = CODES[(rest >> 12) & 63] as number;
  to[at + 2] = left === 2 ? (CODES[(rest >> 6) & 63] as number) : PAD;
  to[at + 3] = PAD;
  return at + 4;
}

/**
 * Reads `text[from … end)` into the beginning of `to`; returns how many bytes it was, or -1 if it is no Base64 as every
 * agent writes it: padded, and nothing left over in the last bits. There must be room for three bytes in four.
 */
export function readBase64(to: Buffer, text: string, from: number, end: number): number {
  if (((end - from) & 3) !== 0) return -1;
  if (end === from) return 0;
  const padding = text.charCodeAt(end - 1) !== PAD ? 0 : text.charCodeAt(end - 2) !== PAD ? 1 : 2;
  const wholeEnd = padding === 0 ? end : end - 4;
  let at = 0;
  for (let i = from; i < wholeEnd; i += 4) {
    const four =
      bitsOf(text, i) | (bitsOf(text, i + 1) << 8) | (bitsOf(text, i + 2) << 16) | (bitsOf(text, i + 3) << 24);
    if ((four & 0x40404040) !== 0) return -1;
    to[at] = ((four << 2) | ((four >> 12) & 3)) & 255;
    to[at + 1] = ((four >> 4) & 0xf0) | ((four >> 18) & 15);
    to[at + 2] = ((four >> 10) & 0xc0) | (four >> 24);
    at += 3;
  }
  return padding === 0 ? at : readLast(to, at, text, wholeEnd, padding);
}

/** Two or three characters for one or two bytes: what is over has to be zero. */
function readLast(to: Buffer, at: number, text: string, from: number, padding: number): number {
  const first = bitsOf(text, from);
  const second = bitsOf(text, from + 1);
  const third = padding === 1 ? bitsOf(text, from + 2) : 0;
  if (((first | second | third) & NONE) !== 0) return -1;
  to[at] = (first << 2) | (second >> 4);
  to[at + 1] = ((second & 15) << 4) | (third >> 2);
  const isLeft = padding === 1 ? (third & 3) !== 0 : (second & 15) !== 0;
  return isLeft ? -1 : at + 3 - padding;
}

function bitsOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (BITS[code] as number) : NONE;
}
