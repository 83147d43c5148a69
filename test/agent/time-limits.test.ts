import { RunningAgent } from '../../src/agent/running-agent';
import type { Timer } from '../../src/base/clock';
import { resolve } from '../config/sources';
import { FakeClock } from '../support/fake-clock';

/** Notes for how long its timers are set. */
class NotingClock extends FakeClock {
  readonly delays: number[] = [];

  override after(ms: number, fn: () => void): Timer {
    this.delays.push(ms);
    return super.after(ms, fn);
  }
}

let clock: NotingClock;
let agent: RunningAgent;

/** A segment waits, and no backend is there. */
beforeEach(() => {
  clock = new NotingClock();
  agent = new RunningAgent(resolve({ options: { backends: '127.0.0.1:1', logLevel: 'off' } }), { clock });
  agent.trace('job', () => undefined);
  clock.delays.length = 0;
});

/** The calls hold the process up until they end: those without a limit when the agent's start fails. */
afterEach(async () => {
  const stopped = agent.stop();
  await clock.advance(60_000);
  await stopped;
});

/** The timers that a call sets for its time limit. */
function limitsOf(call: 'flush' | 'ready', timeoutMs: unknown): readonly number[] {
  agent[call](timeoutMs as number).catch(() => undefined);
  return clock.delays.splice(0).filter((ms) => ms !== 0);
}

describe('a time limit', () => {
  it.each(['abc', '', ' ', NaN, 'NaN', {}, null])(
    'is that of a call without one where it is no number: %p',
    (wrong) => {
      expect(limitsOf('flush', wrong)).toEqual(limitsOf('flush', undefined));
      expect(limitsOf('ready', wrong)).toEqual([]);
    },
  );

  it.each([5, '5'])('may be a number or the text of one: %p', (ms) => {
    expect(limitsOf('flush', ms)).toContain(5);
    expect(limitsOf('ready', ms)).toEqual([5]);
  });
});
