import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The other user of this machine: neither root nor the one who runs the agent. */
export const OTHER = 4711;

const isRoot = process.geteuid?.() === 0;

/** `it` where we can act as two users; where we cannot, a skipped one, and the reason printed. */
export function itWithTwoUsers(): jest.It {
  if (isRoot) return it;
  console.log('what another user may do is not tested: it takes root to act as one. Run the tests as root.');
  return it.skip;
}

/** The other user types this. */
export function asOther(command: string, cwd: string): void {
  execFileSync('sh', ['-c', command], { uid: OTHER, gid: OTHER, cwd, timeout: 10_000 });
}

/**
 * The other user runs this.
 * @returns ends it, and whatever it has started: a rename on its way would disturb those who clear up
 */
export function startAsOther(command: string, cwd: string): () => Promise<void> {
  const child = spawn('sh', ['-c', command], { uid: OTHER, gid: OTHER, cwd, stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  return async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
}

/** What Linux itself keeps from following links in directories like `/tmp`; undefined where it cannot be told. */
export function protectedSymlinks(): string | undefined {
  try {
    return readFileSync('/proc/sys/fs/protected_symlinks', 'utf8').trim();
  } catch {
    return undefined;
  }
}
