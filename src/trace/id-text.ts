import { OwnId, type Id } from './id';

const ZERO = 0x30;
const DOT = 0x2e;

/**
 * Writes an id as text, `a.b.c`, at `pos`; returns the position after it. It takes 62 bytes at most. Making a string
 * of it first costs three times as much.
 */
export function writeIdText(buf: Buffer, pos: number, id: Id): number {
  if (!(id instanceof OwnId)) return pos + buf.write(id.toString(), pos, 'latin1');
  let at = writeDigits(buf, pos, id.first);
  buf[at++] = DOT;
  at = writeDigits(buf, at, id.second);
  buf[at++] = DOT;
  return writeFourDigits(buf, writeDigits(buf, at, id.millis), id.sequence);
}

/** A whole number of 0 or more within the safe integers. */
export function writeDigits(buf: Buffer, pos: number, value: number): number {
  let end = pos + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let left = value;
  for (let at = end - 1; at >= pos; at--) {
    const higher = Math.floor(left / 10);
    // The difference first: the sum may exceed the safe integers.
    buf[at] = ZERO + (left - higher * 10);
    left = higher;
  }
  return end;
}

function writeFourDigits(buf: Buffer, pos: number, value: number): number {
  buf[pos] = ZERO + Math.floor(value / 1000);
  buf[pos + 1] = ZERO + (Math.floor(value / 100) % 10);
  buf[pos + 2] = ZERO + (Math.floor(value / 10) % 10);
  buf[pos + 3] = ZERO + (value % 10);
  return pos + 4;
}
