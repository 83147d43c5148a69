import { Log } from '../../src/base/log';
import type { LogLevel } from '../../src/api/options';
import { FakeClock } from '../support/fake-clock';

let clock: FakeClock;
let lines: string[];

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
});

function logAt(level: LogLevel): Log {
  const write = (name: string) => (message: string) => void lines.push(`${name} ${message}`);
  return new Log(
    clock,
    { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') },
    level,
  );
}

describe('the log', () => {
  it.each([
    ['off', []],
    ['error', ['error a']],
    ['warn', ['error a', 'warn b']],
    ['info', ['error a', 'warn b', 'info c']],
    ['debug', ['error a', 'warn b', 'info c', 'debug d']],
  ] as const)('says at level %s what that level lets through', (level, expected) => {
    const log = logAt(level);
    log.error('a');
    log.warn('b');
    log.info('c');
    log.debug('d');
    expect(lines).toEqual(expected);
  });

  it('says a line once a minute, and then how often it was kept back', async () => {
    const log = logAt('warn');
    for (let second = 0; second < 61; second++) {
      log.warn('backend: UNAVAILABLE');
      await clock.advance(1_000);
    }
    expect(lines).toEqual(['warn backend: UNAVAILABLE', 'warn backend: UNAVAILABLE (59 more like it were not logged)']);
  });

  it('throttles lines together that differ in a detail only', () => {
    const log = logAt('warn');
    log.warn('backend: port 1', 'backend');
    log.warn('backend: port 2', 'backend');
    log.warn('something else');
    expect(lines).toEqual(['warn backend: port 1', 'warn something else']);
  });

  it('tells a listener the warnings and errors that were written, with the count of those kept back', async () => {
    const log = logAt('warn');
    const told: string[] = [];
    log.onEntry((level, line) => told.push(`${level} ${line}`));
    log.error('a');
    log.warn('b');
    log.warn('b');
    log.info('c');
    expect(told).toEqual(['error a', 'warn b']);
    await clock.advance(60_000);
    log.warn('b');
    expect(told.slice(2)).toEqual(['warn b (1 more like it were not logged)']);
    expect(told).toEqual(lines);
    log.setLevel('error');
    log.warn('d');
    log.setLevel('off');
    log.error('e');
    log.setLevel('debug');
    log.info('f');
    expect(told).toHaveLength(3);
  });

  it('tells it also what a logger that throws has not taken', () => {
    const broken = () => {
      throw new Error('disk full');
    };
    const log = new Log(clock, { error: broken, warn: broken, info: broken, debug: broken });
    const told: string[] = [];
    log.onEntry((level, line) => told.push(`${level} ${line}`));
    log.error('a');
    expect(told).toEqual(['error a']);
    log.onEntry(broken);
    expect(() => log.error('b')).not.toThrow();
  });

  it('says once that a failure is over, where the failure was said', async () => {
    const log = logAt('warn');
    expect(log.over(['backend'], 'backend: back')).toBe(false);
    log.warn('backend: gone', 'backend');
    expect(log.over(['disk', 'backend'], 'backend: back')).toBe(true);
    expect(log.over(['backend'], 'backend: back')).toBe(false);
    expect(lines).toEqual(['warn backend: gone', 'warn backend: back']);
  });

  it('says so of what comes and goes once a minute', async () => {
    const log = logAt('warn');
    for (let second = 0; second < 60; second++) {
      log.warn('backend: gone', 'backend');
      log.over(['backend'], 'backend: back');
      await clock.advance(1_000);
    }
    expect(lines).toEqual(['warn backend: gone', 'warn backend: back']);
    log.warn('backend: gone', 'backend');
    log.over(['backend'], 'backend: back');
    expect(lines.slice(2)).toEqual(['warn backend: gone (59 more like it were not logged)', 'warn backend: back']);
  });

  it.each(['off', 'error'] as const)('does not say at level %s that a warning is over', (level) => {
    const log = logAt(level);
    log.warn('backend: gone', 'backend');
    expect(log.over(['backend'], 'backend: back')).toBe(false);
    log.setLevel('debug');
    log.over(['backend'], 'backend: back');
    expect(lines).toEqual([]);
  });

  it('does not say that what was no failure is over', () => {
    const log = logAt('info');
    log.info('registered', 'backend');
    expect(log.over(['backend'], 'backend: back')).toBe(false);
  });

  it('remembers a bounded number of lines', () => {
    const log = logAt('warn');
    for (let index = 0; index < 10_000; index++) log.warn(`line ${index}`);
    expect((log as unknown as { said: Map<string, unknown> }).said.size).toBeLessThanOrEqual(200);
  });

  it('lives through a logger that fails later, which would end the process', async () => {
    const failure = Promise.reject(new Error('no connection'));
    const then = jest.spyOn(failure, 'then');
    const broken = (): unknown => failure;
    const log = new Log(clock, { error: broken, warn: broken, info: broken, debug: broken });
    log.error('a');
    // A handled rejection has given `then` a second function.
    expect(then.mock.calls.filter(([, onRejected]) => typeof onRejected === 'function')).toHaveLength(1);
    await failure.catch(() => undefined);
  });

  it('lives through a logger that throws', () => {
    const broken = () => {
      throw new Error('disk full');
    };
    const log = new Log(clock, { error: broken, warn: broken, info: broken, debug: broken });
    expect(() => log.error('a')).not.toThrow();
  });
});
