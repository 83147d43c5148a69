import { sizeOfUint32, writeUint32 } from './varint';

/**
 * Fills in the length of a nested message, written from `body` to `end`, for which `reserved` bytes were left free
 * before it. On a wrong guess the message moves, so that the length stays canonical (no padded varint). Returns where
 * it ends now.
 */
export function closeLength(buf: Buffer, body: number, end: number, reserved: number): number {
  const length = end - body;
  const needed = sizeOfUint32(length);
  const shift = needed - reserved;
  if (shift !== 0) buf.copyWithin(body + shift, body, end);
  writeUint32(buf, body - reserved, length);
  return end + shift;
}
