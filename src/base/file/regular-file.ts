import { closeSync, constants, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { errorMessage } from '../text';

/** A file that is there. What is found out about it and what is read of it is of the same file, whatever its name means by then. */
export interface OpenedFile {
  /** Undefined: it cannot be opened. */
  readonly fd: number | undefined;
  readonly stats: BigIntStats | undefined;
  readonly reason: string;
}

export interface FailedFile {
  readonly status: 'failed';
  readonly reason: string;
}

/** Limits a package.json or a configuration file. */
const LARGEST_BYTES = 1024n * 1024n;
const TOO_LARGE = `larger than ${LARGEST_BYTES} bytes`;
const NOT_REGULAR = 'not a regular file';
// Windows has none.
const { O_NONBLOCK }: Partial<typeof constants> = constants;

/**
 * @param mayOpen asked where there is something
 * @returns undefined: there is no such file
 */
export function openRegularFile(file: string, mayOpen = () => true): OpenedFile | undefined {
  let fd: number | undefined;
  try {
    const before = statSync(file, { throwIfNoEntry: false });
    if (!before) return undefined;
    if (!mayOpen()) return { fd, stats: undefined, reason: 'it is not to be opened' };
    // To open some devices is to start them.
    if (!before.isFile()) return { fd, stats: undefined, reason: NOT_REGULAR };
    // It may be another by now, and a pipe would hold the application's start up until something is written.
    fd = openSync(file, constants.O_RDONLY | (O_NONBLOCK ?? 0));
    return { fd, stats: fstatSync(fd, { bigint: true }), reason: '' };
  } catch (error) {
    return { fd, stats: undefined, reason: errorMessage(error) };
  }
}

/** Its whole text. Closes it. */
export function readFile(opened: OpenedFile): { readonly status: 'ok'; readonly text: string } | FailedFile {
  const { fd, stats, reason } = opened;
  try {
    if (fd === undefined || !stats) return { status: 'failed', reason };
    if (!stats.isFile()) return { status: 'failed', reason: NOT_REGULAR };
    if (stats.size > LARGEST_BYTES) return { status: 'failed', reason: TOO_LARGE };
    // A file of /proc says that it has 0 bytes, and may have no end.
    const content = readAtMost(fd, Number(stats.size === 0n ? LARGEST_BYTES + 1n : stats.size));
    if (content.length > LARGEST_BYTES) return { status: 'failed', reason: TOO_LARGE };
    return { status: 'ok', text: content.toString() };
  } catch (error) {
    return { status: 'failed', reason: errorMessage(error) };
  } finally {
    closeFile(opened);
  }
}

/** However large the file is by now. */
export function readAtMost(fd: number, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  let length = 0;
  while (length < content.length) {
    const read = readSync(fd, content, length, content.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return content.subarray(0, length);
}

export function closeFile({ fd }: OpenedFile): void {
  if (fd !== undefined) closeSync(fd);
}
