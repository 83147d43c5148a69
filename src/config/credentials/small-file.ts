import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

// Windows has it not.
const { O_NONBLOCK }: Partial<typeof constants> = constants;

/** A bundle of all public authorities has a quarter of it. */
const MAX_SMALL_FILE_BYTES = 1024 * 1024;

/**
 * The content of a regular file of at most 1 MiB, through links, as secrets are mounted. A FIFO, a device or an endless
 * file would hold the application up; it throws an error that says so instead.
 */
export function readSmallFile(file: string): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | (O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error('is not a regular file');
    if (stats.size > MAX_SMALL_FILE_BYTES) throw new Error(`is larger than ${MAX_SMALL_FILE_BYTES} bytes`);
    const content = Buffer.alloc(stats.size);
    let length = 0;
    while (length < content.length) {
      const read = readSync(descriptor, content, length, content.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return content.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}
