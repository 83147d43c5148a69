import { createRequire } from 'node:module';
import type ProperLockfile from 'proper-lockfile';
import { modules } from '../../base/lazy';
import { signalExitCopies } from './signal-exit-listeners';

type Lockfile = typeof ProperLockfile;
/** What signal-exit replaces; the second is not in Node's types. */
type Patched = { emit: typeof process.emit; reallyExit: unknown };

let loaded: Lockfile | undefined;

/**
 * proper-lockfile without the signal-exit that it brings along. That listens to every signal that may end a process,
 * and a process with a listener no longer ends inside of `process.kill(process.pid, signal)`: an application that
 * closes and then sends itself the signal again would end with exit code 0, or not at all. It also replaces
 * `process.emit` and `process.reallyExit`. An application that uses the same copy of signal-exit turns it on again.
 */
export function loadLockfile(): Lockfile {
  loaded ??= loadQuietly();
  return loaded;
}

function loadQuietly(): Lockfile {
  const patched = process as unknown as Patched;
  const { emit, reallyExit } = patched;
  const before = signalExitCopies();
  const lockfile = modules.lockfile();
  // Otherwise the application has turned this copy on before.
  if (signalExitCopies() === before || !turnOffSignalExit()) return lockfile;
  if (patched.emit !== emit) patched.emit = emit;
  if (patched.reallyExit !== reallyExit) patched.reallyExit = reallyExit;
  return lockfile;
}

function turnOffSignalExit(): boolean {
  try {
    // The very copy that proper-lockfile has loaded, wherever the package manager has put it.
    const load = createRequire(createRequire(__filename).resolve('proper-lockfile'));
    (load('signal-exit') as { unload(): void }).unload();
    return true;
  } catch {
    // In a bundle it cannot be found by its name. Then it stays on, and counts as no listener of the application.
    return false;
  }
}
