import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { watchExit } from '../../src/agent/exit/exit';
import { systemClock } from '../../src/base/clock';

/*
 * Waits for a signal, and does what its first argument says while that is followed by a flush, before which it would be
 * gone without us: with a second argument, `bare`, nothing watches its end. Prints what of its own code has run.
 */

const [way = '', bare] = process.argv.slice(2);
const work = setInterval(() => undefined, 1_000);
const inWorker = (code: string): Worker => new Worker(code, { eval: true });
const later = (what: () => void): void => void setImmediate(what);
let unwatch = (): void => undefined;
let hasFlushed = (): void => undefined;
const flushed = new Promise<void>((resolve) => (hasFlushed = resolve));
if (bare !== undefined) hasFlushed();

function listen(signal: NodeJS.Signals): void {
  process.on(signal, () => {
    console.log(`heard ${signal}`);
    process.exit(5);
  });
}

const MEANWHILE: Readonly<Record<string, () => void>> = {
  'comes to its end': () => clearInterval(work),
  'calls process.exit': () => later(() => process.exit(3)),
  'throws what nothing catches': () =>
    later(() => {
      throw new Error('too late');
    }),
  'stops the agent and calls process.exit': () => {
    unwatch();
    later(() => process.exit(3));
  },
  'listens from now on': () => listen('SIGTERM'),
  'listens from now on and gets it again': () => {
    listen('SIGTERM');
    inWorker("process.kill(process.pid, 'SIGTERM')");
  },
  'raises another signal': () => later(() => process.kill(process.pid, 'SIGHUP')),
  'gets another signal': () => void inWorker("process.kill(process.pid, 'SIGINT')"),
  'listens to another signal and gets it': () => {
    listen('SIGINT');
    inWorker("process.kill(process.pid, 'SIGINT')");
  },
  'is process 1': () => listen('SIGTERM'),
  'comes to its end when a thread of it exits': () => {
    inWorker('process.exit(6)');
    clearInterval(work);
  },
};

/** Another process sends it, as `docker stop` does. */
function sendTerm(then?: () => void): void {
  execFile('kill', ['-TERM', String(process.pid)], then);
}

/** In these nothing but what is done meanwhile may end the process. */
const NEVER_SENT = ['process.exit', 'throws', 'gets', 'raises'];

const [meanwhile = '', library] = way.split(', with ');
if (library === 'signal-exit 3') {
  const load = createRequire(require.resolve('proper-lockfile'));
  (load('signal-exit') as (listener: () => void) => void)(() => console.log('signal-exit runs'));
}
if (library === 'signal-exit 4') {
  const { onExit } = createRequire(__filename)('signal-exit4') as { onExit(listener: () => void): void };
  onExit(() => console.log('signal-exit runs'));
}
process.on('beforeExit', () => console.log('beforeExit'));
process.on('exit', () => console.log('exit'));
// With one of the agent's they are as many as Node takes without a warning.
while (process.listenerCount('exit') < 9) process.on('exit', () => undefined);

if (bare === undefined) {
  unwatch = watchExit({
    finishSegments: () => {
      if (way === 'is process 1') process.stderr.write('finishes\n');
    },
    hasWork: () => true,
    heard: () => undefined,
    reportEnd: () => undefined,
    flush: () => {
      MEANWHILE[meanwhile]?.();
      if (NEVER_SENT.some((word) => meanwhile.includes(word))) return new Promise(() => undefined);
      const over = new Promise<void>((resolve) => systemClock.after(300, resolve));
      // Behind what follows the flush.
      void over.then(() => setImmediate(hasFlushed));
      return over;
    },
    flushSync: () => true,
    spoolSync: () => undefined,
    ignoredListeners: () => (library ? 1 : 0),
  });
}
console.log('waits');
// By the first it does not end, and begins to listen; it hears the second.
if (way === 'is process 1')
  sendTerm(() => {
    if (bare !== undefined) listen('SIGTERM');
    void flushed.then(() => sendTerm());
  });
