import { readFileSync } from 'node:fs';

let limit: number | undefined;

/** How long a file of this process may become (`ulimit -f`, systemd's `LimitFSIZE`), as far as the system tells. */
export function maxFileBytes(): number {
  return (limit ??= readLimit());
}

/**
 * Throws, as a write on a full disk does, where a file must not become as long. The system would end the process by
 * SIGXFSZ, and a listener would change what happens to the application's own files.
 */
export function assertFileSize(bytes: number): void {
  if (bytes <= maxFileBytes()) return;
  const message = `EFBIG: this process may write files of ${maxFileBytes()} bytes at most`;
  throw Object.assign(new Error(message), { code: 'EFBIG' });
}

function readLimit(): number {
  try {
    const [, soft] = /^Max file size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    // Not Linux, or not to be read.
    return Infinity;
  }
}
