/** So often, and with such pauses, what Windows refused for a moment is tried again: a virus scanner or a reader has let go by then. */
export const HELD_TRIES = 20;
export const HELD_PAUSE_MS = 20;

/**
 * Whether another process may just have the file or directory open. Windows replaces and removes nothing that is open, if
 * only to be read, and makes nothing by the name of what is about to vanish; it calls that "not permitted".
 */
export function isHeldByAnother(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY');
}
