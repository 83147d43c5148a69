const ID_TEXT = /^[\w.:@/+=~-]+$/;
/** Any agent's id is shorter by far: 36 characters of a UUID, 62 of three int64. */
const LONGEST_TEXT = 127;

/** Applications write the trace's id into their lines of logs, and into the format strings of these. */
export function isIdText(text: string): boolean {
  return text.length <= LONGEST_TEXT && ID_TEXT.test(text);
}

/**
 * An id of three numbers, the third being `millis * 10000 + sequence`: every id that this process makes, and a foreign
 * one of that form. That product exceeds 2^53, where doubles of one millisecond collapse (10,000 sequence numbers give
 * 5,001 ids), so its two factors stay apart until they are encoded.
 */
export class CompactId {
  constructor(
    readonly first: number,
    readonly second: number,
    readonly millis: number,
    /** 0 to 9999. */
    readonly sequence: number,
  ) {}

  toString(): string {
    return `${this.first}.${this.second}.${this.millis}${String(this.sequence).padStart(4, '0')}`;
  }
}

/** An id that came from elsewhere: any three int64. */
export class Int64Id {
  constructor(readonly parts: readonly [bigint, bigint, bigint]) {}

  toString(): string {
    return this.parts.join('.');
  }
}

/** An id of v3 that is not three int64: whatever another agent made. v2 cannot carry it. */
export class OpaqueId {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What both protocols can carry. */
export type NumericId = CompactId | Int64Id;

export type Id = NumericId | OpaqueId;

const ZERO = 0x30;
const DOT = 0x2e;
const BILLION = 1e9;
/** Three numbers of at most twenty characters, two dots. */
const MAX_LENGTH = 62;
/** A number of this many digits is a safe integer whatever they are. */
const SAFE_DIGITS = 15;
const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;
const INTEGER = /^-?\d{1,19}$/;

/**
 * Writes an id as text, `a.b.c`, at `pos`; returns the position after it. It takes 62 bytes at most. Making a string
 * of it first costs three times as much.
 */
export function writeIdText(buf: Buffer, pos: number, id: Id): number {
  if (!(id instanceof CompactId)) return pos + buf.write(id.toString(), pos, 'latin1');
  let at = writeDigits(buf, pos, id.first);
  buf[at++] = DOT;
  at = writeDigits(buf, at, id.second);
  buf[at++] = DOT;
  return writePadded(buf, writeDigits(buf, at, id.millis), id.sequence, 4);
}

/** A whole number of 0 or more within the safe integers; in parts that are int32, whose division is several times cheaper. */
export function writeDigits(buf: Buffer, pos: number, value: number): number {
  if (value < BILLION) return writePadded(buf, pos, value, digitsOf(value));
  const high = Math.floor(value / BILLION);
  return writePadded(buf, writeDigits(buf, pos, high), value - high * BILLION, 9);
}

function digitsOf(value: number): number {
  let count = 1;
  for (let rest = value | 0; rest >= 10; rest = (rest / 10) | 0) count++;
  return count;
}

/** Under a billion, with zeros before it. */
function writePadded(buf: Buffer, pos: number, value: number, digits: number): number {
  let left = value | 0;
  for (let at = pos + digits - 1; at >= pos; at--) {
    const higher = (left / 10) | 0;
    buf[at] = ZERO + left - higher * 10;
    left = higher;
  }
  return pos + digits;
}

interface SegmentIds {
  readonly traceId: Id;
  readonly segmentId: NumericId;
}

/**
 * The trace of a segment as v2 can carry it: one that another agent began under an id of another form is a trace of its
 * own there, under the segment's id.
 */
export function numericTraceId({ traceId, segmentId }: SegmentIds): NumericId {
  return traceId instanceof OpaqueId ? segmentId : traceId;
}

/** An id as text in `bytes[0 … length)`: exactly three int64 joined by dots. `undefined`: it is none. */
export function parseId(bytes: Buffer, length: number): NumericId | undefined {
  if (length > MAX_LENGTH) return undefined;
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
