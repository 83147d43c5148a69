import type { SpanLog } from '../../../model/segment';
import { closeLength, writeInt32, writeInt64 } from './varint';
import { writeFastPair } from './pair';

/** An int32 or an enum under the field that `tag` (one byte) names. */
export function writeNumber(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt32(buf, pos + 1, value);
}

/** An int64: milliseconds since 1970. */
export function writeTime(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt64(buf, pos + 1, value);
}

/** A `Log`, alike in both protocols. `body` is where it begins; the two bytes before it are its length's. */
export function writeLog(buf: Buffer, body: number, log: SpanLog): number {
  let at = body;
  if (log.time !== 0) at = writeTime(buf, at, 0x08, log.time);
  for (let i = 0; i < log.data.length; i += 2) {
    at = writeFastPair(buf, at, 0x12, log.data[i] ?? '', log.data[i + 1] ?? '');
  }
  return closeLength(buf, body, at, 2);
}
