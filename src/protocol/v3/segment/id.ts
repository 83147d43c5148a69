import { OpaqueId, type Id } from '../../../model/ids';
import { parseId as readNumericId, writeIdText } from '../../../model/id-text';
import { writeFastText } from '../../protobuf/fast/text';
import type { MessageReader } from '../../protobuf/control/reader';

/** An id as text with its length before it: three int64 joined by dots, or what another agent made. */
export function writeV3Id(buf: Buffer, pos: number, id: Id): number {
  if (id instanceof OpaqueId) return writeFastText(buf, pos, id.toString());
  // Always under 128 bytes.
  const end = writeIdText(buf, pos + 1, id);
  buf[pos] = end - pos - 1;
  return end;
}

/** Three int64 where it is just that, so that v2 can carry it; otherwise a text that means nothing to us. */
export function readV3Id(message: MessageReader): Id {
  const text = message.text();
  const bytes = message.rest();
  const id = readNumericId(bytes, bytes.length);
  return id?.toString() === text ? id : new OpaqueId(text);
}
