let isGuarded = false;

/**
 * Writes to stdout. Nothing else may touch `process.stdout` here: opening it makes a pipe non-blocking, for the child
 * that `run` shares it with too, and not every program can write to such a pipe.
 */
export function print(text: string): void {
  if (!isGuarded) {
    isGuarded = true;
    process.stdout.on('error', endWithReader);
  }
  process.stdout.write(text);
}

/** Whoever read us has seen enough: `skyanchor status --watch | head`. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
