import { Log } from '../../src/base/log';
import { failed, ok, type Outcome, retryable } from '../../src/base/outcome';
import { LogBuffer } from '../../src/telemetry/log-buffer';
import { LogReporter } from '../../src/telemetry/log-reporter';
import { FakeClock } from '../support/fake-clock';

const UNIMPLEMENTED = failed('UNIMPLEMENTED', 'UNIMPLEMENTED: Method not found');

let clock: FakeClock;
let log: Log;
/** When, and the lines; those of the log that the agent itself writes to. */
let sent: [at: number, ...texts: string[]][];
let answers: (() => Promise<Outcome<undefined>>)[];
let signals: AbortSignal[];
let lines: LogBuffer;
let reporter: LogReporter;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  answers = [];
  signals = [];
  lines = new LogBuffer(clock);
  log = new Log(clock, { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() }, 'debug');
  log.onEntry((level, line) => lines.add(level, line));
  reporter = new LogReporter({
    clock,
    log,
    lines,
    api: {
      send: (batch, signal) => {
        sent.push([clock.elapsed(), ...batch.map(({ text }) => text)]);
        signals.push(signal);
        return (answers.shift() ?? (() => Promise.resolve(ok(undefined))))();
      },
    },
  });
});

afterEach(() => reporter.stop());

const answer = (outcome: Outcome<undefined>) => answers.push(() => Promise.resolve(outcome));

/** A backend that never answers, until the reporter gives up. */
function neverAnswer(): void {
  answers.push(
    () => new Promise((resolve) => signals.at(-1)!.addEventListener('abort', () => resolve(retryable('CANCELLED')))),
  );
}

describe('the log reporter', () => {
  it('sends what was said while there was no backend as soon as there is one, and then every 20 s what has come', async () => {
    log.warn('segments dropped');
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    reporter.connected(1);
    reporter.connected(1);
    await clock.advance(1_000);
    log.error('a');
    log.warn('b');
    reporter.connected(1);
    await clock.advance(60_000);
    expect(sent).toEqual([
      [60_000, 'segments dropped'],
      [80_000, 'a', 'b'],
    ]);
  });

  it('says how many lines were lost, in the first one that it sends', async () => {
    for (let number = 1; number <= 103; number++) log.warn(`line ${number}`);
    reporter.connected(1);
    await clock.advance(0);
    expect(sent[0]!.slice(1, 3)).toEqual(['line 4 (lines lost before it: 3)', 'line 5']);
    expect(sent[0]).toHaveLength(101);
  });

  it('sends again what could not be sent, and says nothing of it that would have to be sent', async () => {
    answer(retryable('UNAVAILABLE: gone'));
    log.warn('a');
    reporter.connected(1);
    await clock.advance(1_000);
    log.warn('b');
    await clock.advance(60_000);
    expect(sent).toEqual([
      [0, 'a'],
      [20_000, 'a', 'b'],
    ]);
  });

  it('gives up what a backend has refused, and counts it', async () => {
    answer(failed('INTERNAL', 'INTERNAL: oops'));
    log.warn('a');
    log.warn('b');
    reporter.connected(1);
    await clock.advance(1_000);
    log.warn('c');
    await clock.advance(60_000);
    expect(sent).toEqual([
      [0, 'a', 'b'],
      [20_000, 'c (lines lost before it: 2)'],
    ]);
  });

  it('never becomes its own subject, even if sending fails in an unforeseen way', async () => {
    for (let turn = 0; turn < 10; turn++) answers.push(() => Promise.reject(new Error('never thought of')));
    log.warn('a');
    reporter.connected(1);
    await clock.advance(300_000);
    expect(sent).toHaveLength(11);
    for (const [, ...texts] of sent) expect(texts).toEqual(['a']);
  });

  it('leaves a backend alone that takes no logs, and keeps them for another one', async () => {
    answer(UNIMPLEMENTED);
    log.warn('a');
    reporter.connected(1);
    await clock.advance(60_000);
    reporter.disconnected();
    reporter.connected(1);
    await clock.advance(60_000);
    expect(sent).toEqual([[0, 'a']]);
    reporter.disconnected();
    reporter.connected(2);
    await clock.advance(0);
    expect(sent).toEqual([
      [0, 'a'],
      [120_000, 'a'],
    ]);
  });

  it('breaks off when the connection is left, and begins again with the next', async () => {
    neverAnswer();
    log.warn('a');
    reporter.connected(1);
    await clock.advance(1_000);
    reporter.disconnected();
    await clock.advance(60_000);
    expect([sent.length, signals[0]!.aborted]).toEqual([1, true]);
    log.warn('b');
    reporter.connected(2);
    await clock.advance(0);
    expect(sent[1]).toEqual([61_000, 'a', 'b']);
  });

  it('takes nothing of what an earlier connection answers late for the answer of this one', async () => {
    let late: (outcome: Outcome<undefined>) => void = () => undefined;
    answers.push(() => new Promise((resolve) => (late = resolve)));
    log.warn('a');
    reporter.connected(1);
    await clock.advance(0);
    reporter.disconnected();
    reporter.connected(2);
    late(UNIMPLEMENTED);
    await clock.advance(20_000);
    expect(sent.map(([, ...texts]) => texts)).toEqual([['a'], ['a']]);
  });

  it('ends when it is stopped, also in the middle of sending, and waits for nothing', async () => {
    neverAnswer();
    log.warn('a');
    reporter.connected(1);
    await clock.advance(0);
    await reporter.stop();
    expect(signals[0]!.aborted).toBe(true);
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
