import { CompactId, type Id, OpaqueId, type NumericId } from '../model/ids';
import type { Segment } from '../model/segment';

const ZERO = 0x30;
const DOT = 0x2e;
const BILLION = 1e9;

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

/**
 * The trace of a segment as v2 can carry it: one that another agent began under an id of another form is a trace of its
 * own there, under the segment's id.
 */
export function numericTraceId({ traceId, segmentId }: Pick<Segment, 'traceId' | 'segmentId'>): NumericId {
  return traceId instanceof OpaqueId ? segmentId : traceId;
}
