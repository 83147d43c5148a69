import type { CommandName } from './usage';
import type { Clock } from '../base/clock';
import { UNPRINTABLE } from '../base/text';

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

/** The reader of the pipe has ended: `skyanchor status --watch | head`. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

/** What the backends are is not known where a configuration file does not count. */
export const HOW_TO_NAME = 'name the file by SW_AGENT_CONFIG_FILE, or the backends by --backends';

/** An error names files as their owner has named them: nothing of that steers the terminal. */
export function forTerminal(text: string): string {
  return text.replace(UNPRINTABLE, (one) => (one === '\n' ? one : '?'));
}

/** Prints what is wrong with a call. @returns the exit code for it */
export function wrongUsage(command: CommandName | undefined, ...reasons: readonly string[]): 2 {
  const name = command === undefined ? 'skyanchor' : `skyanchor ${command}`;
  for (const reason of reasons) process.stderr.write(`${name}: ${reason}\n`);
  process.stderr.write(`see ${name} --help\n`);
  return 2;
}

export function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
