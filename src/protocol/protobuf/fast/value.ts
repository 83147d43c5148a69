const TWO_28 = 2 ** 28;

/** A number of 0 to 2^32 - 1. Like all of these: writes at `pos`, returns the position after it. */
function writeUint32(buf: Buffer, pos: number, value: number): number {
  while (value > 127) {
    buf[pos++] = (value & 127) | 128;
    value >>>= 7;
  }
  buf[pos++] = value;
  return pos;
}

/** An int32; a negative one takes ten bytes, as protobuf sign-extends it to 64 bits. */
export function writeInt32(buf: Buffer, pos: number, value: number): number {
  // The parent of every first span.
  if (value === -1) return writeMinusOne(buf, pos);
  const int32 = value | 0;
  return int32 < 0 ? writeBits(buf, pos, int32 >>> 0, 0xffff_ffff) : writeUint32(buf, pos, int32);
}

function writeMinusOne(buf: Buffer, pos: number): number {
  for (let at = pos; at < pos + 9; at++) buf[at] = 0xff;
  buf[pos + 9] = 1;
  return pos + 10;
}

/** A whole number within the safe integers, as int64. */
export function writeInt64(buf: Buffer, pos: number, value: number): number {
  if (value >= 0 && value < TWO_28) return writeUint32(buf, pos, value);
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return writeOddInt64(buf, pos, value);
  const high = Math.floor(value / TWO_28);
  return writeInt64(buf, write28(buf, pos, value - high * TWO_28), high);
}

/** Any int64; what is out of its range wraps around. */
export function writeBigInt64(buf: Buffer, pos: number, value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return writeBits(buf, pos, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

/**
 * `millis * 10000 + sequence` as int64. The product exceeds 2^53, so it is made in two halves of which neither does.
 */
export function writeMillisAndSequence(buf: Buffer, pos: number, millis: number, sequence: number): number {
  const millisHigh = Math.floor(millis / TWO_28);
  const low = (millis - millisHigh * TWO_28) * 10_000 + sequence;
  const carry = Math.floor(low / TWO_28);
  const high = millisHigh * 10_000 + carry;
  if (high <= 0) return writeInt64(buf, pos, low);
  return writeInt64(buf, write28(buf, pos, low - carry * TWO_28), high);
}

/** The number of bytes that a length takes. */
function sizeOfUint32(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < TWO_28 ? 4 : 5;
}

/** The lowest 28 bits, with more to follow: four bytes that each carry on. */
function write28(buf: Buffer, pos: number, value: number): number {
  buf[pos] = (value & 127) | 128;
  buf[pos + 1] = ((value >>> 7) & 127) | 128;
  buf[pos + 2] = ((value >>> 14) & 127) | 128;
  buf[pos + 3] = (value >>> 21) | 128;
  return pos + 4;
}

/** Never seen from a sane clock: negative, fractional, not a number. Nothing may throw here. */
function writeOddInt64(buf: Buffer, pos: number, value: number): number {
  return writeBigInt64(buf, pos, Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n);
}

function writeBits(buf: Buffer, pos: number, low: number, high: number): number {
  while (high > 0) {
    buf[pos++] = (low & 127) | 128;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  return writeUint32(buf, pos, low);
}

/**
 * Fills in the length of a nested message, written from `body` to `end`, for which `reserved` bytes were left free
 * before it. On a wrong guess the message moves, so that the length stays canonical (no padded varint). Returns where
 * it ends now.
 */
export function closeLength(buf: Buffer, body: number, end: number, reserved: number): number {
  const length = end - body;
  const needed = sizeOfUint32(length);
  const shift = needed - reserved;
  if (shift !== 0) buf.copyWithin(body + shift, body, end);
  writeUint32(buf, body - reserved, length);
  return end + shift;
}

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
