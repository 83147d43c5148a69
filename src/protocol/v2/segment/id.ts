import { CompactId, type NumericId, Int64Id } from '../../../model/ids';
import { writeBigInt64, writeInt64, writeMillisAndSequence } from '../../protobuf/fast/varint';
import { type MessageReader, Fields } from '../../protobuf/control/reader';

/** A `UniqueId` with its length before it: `idParts` are packed, zeros included. Always under 128 bytes. */
export function writeV2Id(buf: Buffer, pos: number, id: NumericId): number {
  const parts = pos + 3;
  let at: number;
  if (id instanceof CompactId) {
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

/** A `UniqueId`. Whether we made it ourselves makes no difference any more: on the wire it is three int64. */
export function readV2Id(message: MessageReader): Int64Id {
  const parts = new Fields(message).one(1);
  const id = new Int64Id([parts.bigint(), parts.bigint(), parts.bigint()]);
  if (!parts.isAtEnd) throw new Error('an id has more than three parts');
  return id;
}
