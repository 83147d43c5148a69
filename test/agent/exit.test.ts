import path from 'node:path';
import { watchExit, type ExitOptions } from '../../src/agent/exit/exit';
import { endApps, startApp, type AppEnd } from '../support/app';
import { until } from '../support/until';

let calls: string[];
let unwatch: () => void;

/** Watches, and runs what the process would run when it exits; how long that took. */
function exit(options: Partial<ExitOptions> = {}): number {
  calls = [];
  const before = process.listeners('exit');
  unwatch = watchExit({
    hasWork: () => true,
    heard: () => undefined,
    reportEnd: () => undefined,
    flush: async () => calls.push('flush'),
    flushSync: () => {
      calls.push('sendLast');
      return true;
    },
    spoolSync: () => calls.push('spool'),
    ignoredListeners: () => 0,
    ...options,
  });
  const [ours] = process.listeners('exit').filter((listener) => !before.includes(listener));
  const startedAt = performance.now();
  ours!(0);
  return performance.now() - startedAt;
}

/** The least of a few: a wait of ours is in each of them, one for a busy machine is not. */
function quickest(options: Partial<ExitOptions>): number {
  let least = exit(options);
  for (let again = 0; again < 4; again++) {
    unwatch();
    least = Math.min(least, exit(options));
  }
  return least;
}

describe('the exit of a process', () => {
  afterEach(() => unwatch());

  it('waits a tenth of a second for what was just written to be read', () => {
    const tookMs = exit();
    expect(calls).toEqual(['sendLast', 'spool']);
    expect(tookMs).toBeGreaterThan(95);
    expect(tookMs).toBeLessThan(500);
  });

  it.each<[string, Partial<ExitOptions>]>([
    ['there is nothing to send', { hasWork: () => false }],
    ['nothing could be written', { flushSync: () => false }],
    [
      'writing fails, without harm',
      {
        flushSync: () => {
          throw new Error('a fault of ours');
        },
      },
    ],
  ])('does not wait where %s', (_why, options) => {
    expect(quickest(options)).toBeLessThan(50);
    expect(calls.filter((call) => call !== 'spool')).toEqual([]);
  });

  it('spools what waits, whether a backend is there or not, and survives a spool that throws', () => {
    exit({ hasWork: () => false });
    expect(calls).toEqual(['spool']);
    exit({
      spoolSync: () => {
        throw new Error('a fault of ours');
      },
    });
    expect(calls).toEqual(['sendLast']);
  });

  it.each<[string, number, NodeJS.Signals | 0]>([
    ['asks whether another process lives', process.ppid, 0],
    ['asks whether this one lives', process.pid, 0],
    ['sends a signal that ends nothing', process.pid, 'SIGWINCH'],
  ])('has not come when process.kill %s', (_what, pid, signal) => {
    exit();
    const before = process.listenerCount('SIGTERM');
    expect(process.kill(pid, signal)).toBe(true);
    expect([calls, process.listenerCount('SIGTERM')]).toEqual([['sendLast', 'spool'], before]);
  });

  it('is none of our business any more once the watch has ended', () => {
    const signals = ['SIGTERM', 'SIGINT'] as const;
    const before = [process.listenerCount('exit'), ...signals.map((signal) => process.listenerCount(signal))];
    const { kill } = process;
    exit({ hasWork: () => false });
    expect(process.kill).not.toBe(kill);
    unwatch();
    expect(process.kill).toBe(kill);
    expect([process.listenerCount('exit'), ...signals.map((signal) => process.listenerCount(signal))]).toEqual(before);
  });
});

describe('a process that a signal ends', () => {
  const SIGNALLED = path.join(__dirname, 'signalled.ts');
  const TYPESCRIPT = path.join(__dirname, '..', 'support', 'typescript.js');

  afterEach(endApps);

  /** How it ends, and what of its own code has run. */
  async function endOf(...args: string[]): Promise<AppEnd & { readonly words: string; readonly stderr: string }> {
    const app = startApp(SIGNALLED, { nodeFlags: ['--require', TYPESCRIPT], args });
    await until(() => app.stdout.includes('waits\n') || app.end);
    const end = await app.kill('SIGTERM');
    return { ...end, words: app.stdout, stderr: app.stderr };
  }

  it.each([
    'comes to its end',
    'comes to its end, with signal-exit 3',
    'comes to its end, with signal-exit 4',
    'comes to its end when a thread of it exits',
    'calls process.exit',
    'calls process.exit, with signal-exit 3',
    'calls process.exit, with signal-exit 4',
    'stops the agent and calls process.exit',
    'throws what nothing catches',
    'listens from now on',
    'listens from now on and gets it again',
    'gets another signal',
    'raises another signal',
    'listens to another signal and gets it',
  ])('ends by it as without us, also if it %s while what was traced is sent', async (way) => {
    const bare = await endOf(way, 'bare');
    expect(bare).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(await endOf(way)).toEqual(bare);
  });
});
