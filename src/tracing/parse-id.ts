import { Int64Id, CompactId, type NumericId } from '../model/ids';

const ZERO = 0x30;
const DOT = 0x2e;
/** Three numbers of at most twenty characters, two dots. */
const LONGEST = 62;
/** So many digits are a safe integer whatever they are. */
const SAFE_DIGITS = 15;
const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;
const INTEGER = /^-?\d{1,19}$/;

/** An id as text in `bytes[0 … length)`: exactly three int64 joined by dots. `undefined`: it is none. */
export function parseId(bytes: Buffer, length: number): NumericId | undefined {
  if (length > LONGEST) return undefined;
  const firstDot = dotFrom(bytes, 0, length);
  const secondDot = dotFrom(bytes, firstDot + 1, length);
  const third = secondDot + 1;
  // The shape in which agents make them: the third is `millis * 10000 + sequence`. One of 19 digits may exceed int64.
  if (length - third < 19 && bytes[third] !== ZERO) {
    const first = digits(bytes, 0, firstDot);
    const second = digits(bytes, firstDot + 1, secondDot);
    const millis = digits(bytes, third, length - 4);
    const sequence = digits(bytes, length - 4, length);
    if (first >= 0 && second >= 0 && millis >= 0 && sequence >= 0)
      return new CompactId(first, second, millis, sequence);
  }
  return readOdd(bytes.toString('latin1', 0, length));
}

function dotFrom(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== DOT) at++;
  return at;
}

/** A number of one to fifteen digits; -1 if that is not what is there. */
function digits(bytes: Buffer, from: number, end: number): number {
  if (end <= from || end - from > SAFE_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function readOdd(text: string): NumericId | undefined {
  const [first = '', second = '', third = '', ...more] = text.split('.');
  if (more.length > 0) return undefined;
  if (!INTEGER.test(first) || !INTEGER.test(second) || !INTEGER.test(third)) return undefined;
  const parts = [BigInt(first), BigInt(second), BigInt(third)] as const;
  return parts.every((part) => part >= SMALLEST && part <= LARGEST) ? new Int64Id(parts) : undefined;
}
