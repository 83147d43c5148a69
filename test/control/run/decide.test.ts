import { decide, type DecisionContext } from '../../../src/control/run/decide';
import { parse } from '../../../src/control/syntax/parse';
import type { Pending } from '../../../src/control/syntax/pending';
import { Verbs, type Verb } from '../../../src/control/run/verbs';

const verbs = new Verbs();
const verb = (name: string, more: Partial<Verb> = {}) =>
  verbs.add({ name, timeoutMs: 1_000, idempotent: true, isFulfilledAtStart: false, run: () => undefined, ...more });
verb('reset', { isFulfilledAtStart: true, args: [], options: {} });
verb('log-level', { args: [{ name: 'level', values: ['off', 'debug'] }] });
verb('dump', { idempotent: false });
verb('wait', {
  args: [{ name: 'time' }],
  refuse: ([time]) => (time === '0s' ? 'argument time: too short' : undefined),
});

const usual: DecisionContext = {
  verbs,
  isWaitingForVerbs: false,
  isFromStart: () => false,
  wasRun: () => false,
  isExpired: () => false,
};

function decided(line: string, circumstances: Partial<DecisionContext> = {}, unfinishedId?: string) {
  const [item] = parse(`${line}\n`).items;
  const pending = { item, unfinishedId, stampedAt: undefined } as Pending;
  const decision = decide(pending, { ...usual, ...circumstances });
  switch (decision.type) {
    case 'run':
      return `run ${decision.verb.name} ${decision.when}`;
    case 'answer':
      return `${decision.state} ${decision.detail}`.trim();
    default:
      return decision.type;
  }
}

describe('a pending command', () => {
  it('is run when it is right', () => {
    expect(decided('reset')).toBe('run reset now');
    expect(decided('log-level debug')).toBe('run log-level now');
  });

  it('that start-up fulfils and that was there at start is run as such', () => {
    expect(decided('reset', { isFromStart: () => true })).toBe('run reset at-start');
    expect(decided('dump', { isFromStart: () => true })).toBe('run dump now');
  });

  it('is rejected with what was expected', () => {
    expect(decided('rest')).toBe('rejected unknown verb rest, expected one of dump, log-level, reset, wait');
    expect(decided('reset now')).toBe('rejected reset: too many arguments, expected none');
    expect(decided('reset fast=yes')).toBe('rejected reset: unknown option fast, expected none');
    expect(decided('wait 0s')).toBe('rejected wait: argument time: too short');
    expect(decided('wait')).toBe('rejected wait: argument time is missing, expected <time>');
    expect(decided('wait 1s')).toBe('run wait now');
    expect(decided('wait 0s', {}, '3f9a07')).toBe('interrupted');
    expect(decided('log-level loud')).toBe('rejected log-level: argument level: expected one of off, debug');
    expect(decided('{"command":7}')).toBe('rejected command: expected a verb, such as "reset"');
  });

  it('waits for its verb while that may still be registered', () => {
    expect(decided('rest', { isWaitingForVerbs: true })).toBe('wait');
  });

  it('is a duplicate once its id was run, and whatever it says now', () => {
    expect(decided('reset id=a', { wasRun: (id) => id === 'a' })).toBe('duplicate');
    expect(decided('reset id=b', { wasRun: (id) => id === 'a' })).toBe('run reset now');
    expect(decided('rest id=a', { wasRun: () => true })).toBe('duplicate');
  });

  it('is not run when it has expired', () => {
    expect(decided('reset expires=1m', { isExpired: () => true })).toBe('expired');
    expect(decided('reset expires=1m', { isExpired: () => true, isFromStart: () => true })).toBe('expired');
  });

  it('that was begun is redone if redoing is harmless, even under its id', () => {
    expect(decided('reset', {}, 'aaaaaa')).toBe('run reset after-restart');
    expect(decided('reset id=a', { wasRun: () => true, isExpired: () => true }, 'a')).toBe('run reset after-restart');
  });

  it('that was begun and may not be redone, or is not known any more, was interrupted', () => {
    expect(decided('dump', {}, 'aaaaaa')).toBe('interrupted');
    expect(decided('rest', {}, 'aaaaaa')).toBe('interrupted');
    expect(decided('rest', { isWaitingForVerbs: true }, 'aaaaaa')).toBe('wait');
  });
});
