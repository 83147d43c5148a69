import { TextId, type Id } from '../../trace/id';
import { writeIdText } from '../../trace/id-text';
import { writeText } from '../encode/text';

/** An id as text with its length before it: three int64 joined by dots, or what another agent made. */
export function writeId(buf: Buffer, pos: number, id: Id): number {
  if (id instanceof TextId) return writeText(buf, pos, id.toString());
  // Always under 128 bytes.
  const end = writeIdText(buf, pos + 1, id);
  buf[pos] = end - pos - 1;
  return end;
}
