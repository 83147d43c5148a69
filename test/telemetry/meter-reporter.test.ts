import { Log } from '../../src/base/log';
import { failed, ok, type Outcome, retryable } from '../../src/base/outcome';
import type { Meter } from '../../src/model/telemetry';
import { MeterReporter } from '../../src/telemetry/meter-reporter';
import { FakeClock } from '../support/fake-clock';

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };
const RSS: Meter = { name: 'instance_nodejs_rss', value: 1 };

let clock: FakeClock;
let sent: { at: number; meters: readonly Meter[]; time: number }[];
let answers: Outcome<undefined>[];
let samplers: { isStopped: boolean }[];
let reporter: MeterReporter;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  answers = [];
  samplers = [];
  reporter = new MeterReporter({
    clock,
    log: new Log(clock, quiet),
    api: {
      send: (meters, time) => {
        sent.push({ at: clock.elapsed(), meters, time });
        return Promise.resolve(answers.shift() ?? ok(undefined));
      },
    },
    periodMs: 20_000,
    sampler: () => {
      const sampler = { isStopped: false };
      samplers.push(sampler);
      return { sample: () => [RSS], stop: () => (sampler.isStopped = true) };
    },
  });
});

afterEach(() => reporter.stop());

describe('the meter reporter', () => {
  it('watches nothing before a backend is connected that could be told', async () => {
    await clock.advance(60_000);
    expect(samplers).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('tells every 20 s, with the time of the sample', async () => {
    reporter.connected(1);
    reporter.connected(1);
    await clock.advance(60_000);
    expect(sent.map(({ at }) => at)).toEqual([20_000, 40_000, 60_000]);
    expect(sent[0]).toMatchObject({ meters: [RSS], time: expect.any(Number) });
    expect(samplers).toHaveLength(1);
  });

  it('keeps nothing that could not be sent, and goes on', async () => {
    answers = [retryable('UNAVAILABLE: gone'), failed('INTERNAL', 'INTERNAL: oops')];
    reporter.connected(1);
    await clock.advance(60_000);
    expect(sent).toHaveLength(3);
  });

  it('stops watching while there is no connection', async () => {
    reporter.connected(1);
    await clock.advance(20_000);
    reporter.disconnected();
    expect(samplers).toEqual([{ isStopped: true }]);
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    reporter.connected(2);
    await clock.advance(20_000);
    expect(sent).toHaveLength(2);
  });

  it('leaves a backend alone that takes no meters, until it is another connection', async () => {
    answers = [failed('UNIMPLEMENTED', 'UNIMPLEMENTED')];
    reporter.connected(1);
    await clock.advance(20_000);
    expect(samplers).toEqual([{ isStopped: true }]);
    reporter.connected(1);
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    expect(samplers).toHaveLength(1);
    reporter.connected(2);
    await clock.advance(20_000);
    expect(sent).toHaveLength(2);
  });

  it('ends when it is stopped', async () => {
    reporter.connected(1);
    await reporter.stop();
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    expect(samplers).toEqual([{ isStopped: true }]);
  });
});
