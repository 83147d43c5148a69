import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { systemClock } from '../../src/base/clock';
import { until } from '../support/until';
import { watchExit, type ExitOptions } from '../../src/agent/exit/exit';

let calls: string[];
let unwatch: () => void;

/** Watches, and runs what the process would run when it exits; how long that took. */
function exit(options: Partial<ExitOptions> = {}): number {
  calls = [];
  const before = process.listeners('exit');
  unwatch = watchExit({
    finishSegments: () => undefined,
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
    unwatch();
    exit({
      spoolSync: () => {
        throw new Error('a fault of ours');
      },
    });
    expect(calls).toEqual(['sendLast']);
  });

  it('is where it hands over what waits for spans that may never end, and a second after a signal that the application hears', async () => {
    const finishSegments = jest.fn();
    const heard = jest.fn();
    process.on('SIGTERM', heard);
    try {
      exit({ finishSegments, hasWork: () => finishSegments.mock.calls.length > 0 });
      expect(calls).toEqual(['sendLast', 'spool']);
      expect(finishSegments).toHaveBeenCalledTimes(1);
      EventEmitter.prototype.emit.call(process, 'SIGTERM', 'SIGTERM', constants.signals.SIGTERM);
      expect([heard.mock.calls.length, finishSegments.mock.calls.length]).toEqual([1, 1]);
      expect(calls).toEqual(['sendLast', 'spool', 'flush']);
      // It may be the last that is heard before a SIGKILL.
      await until(() => calls.length === 4);
      expect(finishSegments).toHaveBeenCalledTimes(2);
      expect(calls.at(-1)).toBe('flush');
    } finally {
      process.removeListener('SIGTERM', heard);
    }
  });

  it('is watched by two, as in two realms of one process, and neither goes before the other again and again', async () => {
    exit({ hasWork: () => false });
    const first = unwatch;
    exit({ hasWork: () => false });
    const before = process.listeners('SIGTERM');
    const heard = jest.fn();
    const moves = jest.fn();
    process.on('newListener', moves);
    try {
      process.on('SIGTERM', heard);
      await new Promise(setImmediate);
      expect(new Set(process.listeners('SIGTERM'))).toEqual(new Set([...before, heard]));
      expect(process.listeners('SIGTERM').at(-1)).toBe(heard);
      // It, and one that had gone behind the other.
      expect(moves.mock.calls.length).toBeLessThanOrEqual(3);
    } finally {
      process.removeListener('newListener', moves).removeListener('SIGTERM', heard);
      first();
    }
  });

  it('is waited for no longer once the watch has ended', () => {
    const cancel = jest.fn();
    const after = jest.spyOn(systemClock, 'after').mockReturnValue({ cancel });
    const heard = jest.fn();
    process.on('SIGTERM', heard);
    try {
      exit({ hasWork: () => false });
      EventEmitter.prototype.emit.call(process, 'SIGTERM', 'SIGTERM', constants.signals.SIGTERM);
      expect([after.mock.calls.length, cancel.mock.calls.length]).toEqual([1, 0]);
      unwatch();
      expect(cancel).toHaveBeenCalledTimes(1);
    } finally {
      process.removeListener('SIGTERM', heard);
      after.mockRestore();
    }
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
