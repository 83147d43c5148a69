import { Log } from '../../src/base/log';
import { failed, ok, type Outcome, retryable } from '../../src/base/outcome';
import type { LifecycleEvent } from '../../src/model/telemetry';
import { EventReporter, type ProcessEnd } from '../../src/telemetry/event-reporter';
import { FakeClock } from '../support/fake-clock';

const UNIMPLEMENTED = failed('UNIMPLEMENTED', 'UNIMPLEMENTED: Method not found');
const END: ProcessEnd = {
  ...{ signal: undefined, isStop: false, exitCode: 0, exception: undefined, isCrash: false },
};

let clock: FakeClock;
let sent: [at: number, event: LifecycleEvent][];
let answers: Outcome<undefined>[];
let reporter: EventReporter;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  answers = [];
  const take = (events: readonly LifecycleEvent[]) => {
    sent.push(...events.map((event) => [clock.elapsed(), event] as [number, LifecycleEvent]));
    return answers.shift() ?? ok(undefined);
  };
  reporter = new EventReporter({
    clock,
    log: new Log(clock, { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() }),
    startedAt: clock.now(),
    versions: 'skyanchor',
    api: { send: (events) => Promise.resolve(take(events)), sendNow: (events) => void take(events) },
  });
});

afterEach(() => reporter.stop());

const names = () => sent.map(([at, { name }]) => [at, name]);

describe('the event reporter', () => {
  it('sends the start once, whatever connections come, and again only where it was not taken', async () => {
    answers.push(retryable('UNAVAILABLE'));
    reporter.connected(1);
    reporter.connected(1);
    await clock.advance(19_000);
    expect(names()).toEqual([[0, 'Start']]);
    await clock.advance(1_000);
    reporter.disconnected();
    reporter.connected(2);
    await clock.advance(60_000);
    expect(names()).toEqual([
      [0, 'Start'],
      [20_000, 'Start'],
    ]);
    expect(new Set(sent.map(([, { uuid }]) => uuid)).size).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('asks a backend that takes no events once on each connection, and tells it of no end', async () => {
    answers.push(UNIMPLEMENTED, UNIMPLEMENTED);
    reporter.connected(1);
    await clock.advance(120_000);
    reporter.connected(1);
    await clock.advance(120_000);
    reporter.reportEndSync(END);
    await reporter.reportEnd(END, 1_000);
    expect(names()).toEqual([[0, 'Start']]);
    reporter.disconnected();
    reporter.connected(2);
    await clock.advance(120_000);
    expect(sent).toHaveLength(2);
    reporter.disconnected();
    reporter.connected(3);
    await clock.advance(0);
    reporter.reportEndSync(END);
    expect(sent.map(([, { name }]) => name)).toEqual(['Start', 'Start', 'Start', 'Shutdown']);
  });

  it.each<[string, Partial<ProcessEnd>, Partial<LifecycleEvent>]>([
    ['an exit', {}, { name: 'Shutdown', isError: false, message: 'exit code 0' }],
    ['a signal', { signal: 'SIGTERM', exitCode: undefined }, { name: 'Shutdown', isError: false, message: 'SIGTERM' }],
    [
      'a signal that the application answers by an exit',
      { signal: 'SIGTERM', exitCode: 143 },
      { name: 'Shutdown', isError: false, message: 'SIGTERM, exit code 143' },
    ],
    [
      'a stop of the agent',
      { isStop: true, exitCode: undefined },
      { name: 'Shutdown', isError: false, message: 'agent.stop()' },
    ],
    [
      'an exit by a handler of uncaught exceptions',
      { exitCode: 1, exception: 'TypeError: x is undefined' },
      { name: 'Shutdown', isError: true, message: 'exit code 1, after TypeError: x is undefined' },
    ],
    [
      'an exception that was survived',
      { exception: 'TypeError: x is undefined' },
      { name: 'Shutdown', isError: false, message: 'exit code 0' },
    ],
    [
      'an exception that nothing caught',
      { exitCode: 1, exception: 'TypeError: x is undefined', isCrash: true },
      { name: 'Crash', isError: true, message: 'TypeError: x is undefined' },
    ],
  ])('tells the end by %s', async (_what, end, expected) => {
    reporter.connected(1);
    await clock.advance(5_000);
    reporter.reportEndSync({ ...END, ...end });
    const [, [, last]] = sent as [unknown, [number, LifecycleEvent]];
    expect(last).toMatchObject({ ...expected, startTime: clock.now(), endTime: clock.now() });
    await reporter.reportEnd(END, 1_000);
    expect(sent).toHaveLength(2);
  });

  it('tells the start with the end where the start was not taken yet, and neither without a backend', async () => {
    reporter.reportEndSync(END);
    expect(sent).toEqual([]);
    reporter.connected(1);
    await reporter.reportEnd(END, 1_000);
    expect(names()).toEqual([
      [0, 'Start'],
      [0, 'Shutdown'],
    ]);
  });
});
