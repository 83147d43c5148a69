import type { FileHandle } from 'node:fs/promises';

/** Several stamps, each with its time. */
const TAIL_BYTES = 1_024;
/** Of more than that, the file is read again. */
const MOST_NEW_BYTES = 8_192;

/**
 * How the file ends; undefined where what was read of it does not stand where it stood. An inode does not tell: `>` keeps
 * it, and the number of a removed one is given out again at once, on ext4 to the very next file. By one read, for the
 * shorter it takes from here to the write, the less can come in between.
 */
export async function readTail(
  handle: FileHandle,
  read: Buffer,
  newline: Buffer,
): Promise<{ readonly isNewline: boolean; readonly isNew: boolean } | undefined> {
  const tail = read.subarray(-TAIL_BYTES);
  const buffer = Buffer.allocUnsafe(tail.length + MOST_NEW_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, read.length - tail.length);
  const end = buffer.subarray(0, bytesRead);
  if (bytesRead === buffer.length || !end.subarray(0, tail.length).equals(tail)) return undefined;
  const isNewline = end.length === 0 || end.subarray(-newline.length).equals(newline);
  return { isNewline, isNew: end.length > tail.length };
}
