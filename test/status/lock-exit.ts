import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { systemClock } from '../../src/base/clock';
import { FileLock } from '../../src/status/lock/file-lock';

/*
 * Takes the lock of the file in its first argument, and exits while it has it. With a second argument it uses the
 * signal-exit that proper-lockfile brings along before, as an application would. Prints what the process looks like
 * after each step.
 */

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const;

function look(step: string): void {
  const counts = SIGNALS.map((signal) => process.listenerCount(signal));
  const isOwn = Object.hasOwn(process, 'reallyExit') && Reflect.get(process, 'reallyExit') === reallyExit;
  console.log(`${step}: ${counts.join(' ')}, ${process.emit === emit && isOwn ? 'as before' : 'patched'}`);
}

const { emit } = process;
const reallyExit: unknown = Reflect.get(process, 'reallyExit');

async function main(path: string, usesSignalExit: boolean): Promise<void> {
  look('start');
  const waiter = { isPatient: false, isOver: () => false, onHandover: () => undefined };
  const keeper = setInterval(() => undefined, 1_000);
  await FileLock.take({ path, clock: systemClock, ...waiter });
  clearInterval(keeper);
  look('locked');
  if (usesSignalExit) {
    const load = createRequire(require.resolve('proper-lockfile'));
    const onExit = load('signal-exit') as (listener: () => void) => void;
    onExit(() => console.log('heard by the application'));
    look('with signal-exit');
  }
  console.log(existsSync(`${path}.lock`));
  process.exit(0);
}

void main(process.argv[2] ?? '', process.argv[3] !== undefined);
