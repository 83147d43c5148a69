import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
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
const NOT_REGULAR = 'not a regular file';
// Windows has none.
const { O_NONBLOCK }: Partial<typeof constants> = constants;

/** @returns undefined: there is no such file */
export function openRegularFile(file: string): OpenedFile | undefined {
  let fd: number | undefined;
  try {
    const before = statSync(file, { throwIfNoEntry: false });
    if (!before) return undefined;
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
    if (stats.size > LARGEST_BYTES) return { status: 'failed', reason: `larger than ${LARGEST_BYTES} bytes` };
    return { status: 'ok', text: readFileSync(fd, 'utf8') };
  } catch (error) {
    return { status: 'failed', reason: errorMessage(error) };
  } finally {
    closeFile(opened);
  }
}

export function closeFile({ fd }: OpenedFile): void {
  if (fd !== undefined) closeSync(fd);
}
