import { OwnId, type Id } from '../../trace/id';
import { writeText } from '../encode/text';

const ZERO = 0x30;
const DOT = 0x2e;

/** An id as text with its length before it: three int64 joined by dots, or what another agent made. */
export function writeIdText(buf: Buffer, pos: number, id: Id): number {
  if (!(id instanceof OwnId)) return writeText(buf, pos, id.toString());
  // Under 128 bytes, always: three numbers of at most twenty digits. Making the string first costs three times as much.
  let at = writeDigits(buf, pos + 1, id.first);
  buf[at++] = DOT;
  at = writeDigits(buf, at, id.second);
  buf[at++] = DOT;
  at = writeFourDigits(buf, writeDigits(buf, at, id.millis), id.sequence);
  buf[pos] = at - pos - 1;
  return at;
}

/** A whole number of 0 or more within the safe integers. */
function writeDigits(buf: Buffer, pos: number, value: number): number {
  let end = pos + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let left = value;
  for (let at = end - 1; at >= pos; at--) {
    const higher = Math.floor(left / 10);
    buf[at] = ZERO + left - higher * 10;
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
