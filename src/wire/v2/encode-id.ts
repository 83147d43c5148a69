import { OwnId, type NumericId } from '../../trace/id';
import { writeBigInt64, writeInt64, writeMillisAndSequence } from '../encode/varint';

/** The most that an id takes: three int64 of ten bytes, two lengths, one tag. */
export const LONGEST_ID = 34;

/** A `UniqueId` with its length before it: `idParts` are packed, zeros included. Always under 128 bytes. */
export function writeId(buf: Buffer, pos: number, id: NumericId): number {
  const parts = pos + 3;
  let at: number;
  if (id instanceof OwnId) {
    at = writeInt64(buf, writeInt64(buf, parts, id.first), id.second);
    at = writeMillisAndSequence(buf, at, id.millis, id.sequence);
  } else {
    at = writeBigInt64(buf, writeBigInt64(buf, parts, id.parts[0]), id.parts[1]);
    at = writeBigInt64(buf, at, id.parts[2]);
  }
  buf[pos] = at - pos - 1;
  buf[pos + 1] = 0x0a;
  buf[pos + 2] = at - parts;
  return at;
}
