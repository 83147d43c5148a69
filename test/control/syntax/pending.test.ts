import { parse } from '../../../src/control/syntax/parse';
import { countUnanswered, pendingOf } from '../../../src/control/syntax/pending';

interface Situation {
  readonly history?: readonly string[];
  readonly unfinished?: readonly string[];
}

/** What `orders-1` still has to do, as `line verb`, with `!` before what was begun by an earlier process. */
function pending(text: string, { history = [], unfinished = [] }: Situation = {}): string[] {
  const viewer = {
    instance: 'orders-1',
    isHistory: ({ instance }: { instance: string }) => history.includes(instance),
    isUnfinished: (id: string) => unfinished.includes(id),
  };
  return pendingOf(parse(text).items, viewer).map(({ item, unfinishedId }) => {
    const what = item.type === 'command' ? item.command.verb : 'fault';
    return `${unfinishedId === undefined ? '' : '!'}${item.line} ${what}`;
  });
}

const RESET = 'bfd4b5ca4c63';
let seconds = 0;

/** A stamp of `orders-1`, of a `reset` where nothing else is said. */
function stamp(state: string, id = 'aaaaaa', { instance = 'orders-1', digest = RESET } = {}): string {
  const acknowledges = state !== 'done' && state !== 'failed' && state !== 'full';
  const time = new Date(Date.UTC(2026, 10, 21, 21) + 1_000 * seconds++).toISOString();
  return `#! ${time} ${instance} ${state} ${id}${acknowledges ? ` cmd=${digest}` : ''} !#\n`;
}

describe('a command is pending', () => {
  it('until this instance has acknowledged it below', () => {
    expect(pending('reset\n')).toEqual(['1 reset']);
    for (const state of ['running', 'rejected', 'expired', 'duplicate'])
      expect(pending(`reset\n${stamp(state)}`)).toEqual([]);
  });

  it('whatever other instances answered', () => {
    expect(pending(`reset\n${stamp('running', 'bbbbbb', { instance: 'orders-2' })}`)).toEqual(['1 reset']);
    expect(pending(`reset\n${stamp('running', 'bbbbbb', { instance: 'orders-10' })}`)).toEqual(['1 reset']);
  });

  it('after an end that has no beginning, for an end acknowledges nothing', () => {
    expect(pending(`reset\n${stamp('done')}${stamp('failed')}${stamp('full')}`)).toEqual(['1 reset']);
  });

  it('again when it stands below its own answer', () => {
    expect(pending(`reset\n${stamp('running')}${stamp('done')}reset\n`)).toEqual(['4 reset']);
  });

  it('once when it is there twice without an answer', () => {
    expect(pending('reset\nreport\nreset\n')).toEqual(['1 reset', '2 report']);
    expect(pending(`reset\nreset\n${stamp('running')}`)).toEqual([]);
  });

  it('twice when an id tells the two apart', () => {
    expect(pending('reset id=a\nreset id=b\n')).toEqual(['1 reset', '2 reset']);
  });

  it('only for those it is meant for', () => {
    expect(pending('reset @orders-*\nreport @payment-*\npause @orders-1\n')).toEqual(['1 reset', '3 pause']);
  });

  it('no more when the command of another writer was answered', () => {
    expect(pending(`reset\n${stamp('running', 'aaaaaa', { digest: '0123456789ab' })}`)).toEqual(['1 reset']);
  });

  it('not, if another instance had answered it before we came', () => {
    const text = `reset\n${stamp('running', 'bbbbbb', { instance: 'orders-2' })}`;
    expect(pending(text, { history: ['orders-2'] })).toEqual([]);
    expect(pending(`${text}reset\n`, { history: ['orders-2'] })).toEqual(['3 reset']);
  });

  it('even if it is no command: it needs an answer', () => {
    expect(pending('{"command"}\n')).toEqual(['1 fault']);
  });

  it('in the order of the file, over and over', () => {
    expect(pending('a\nb\na\nc\nb\na\n')).toEqual(['1 a', '2 b', '4 c']);
  });
});

describe('a command that was started and not finished', () => {
  it('is to be finished by the process that has the name now', () => {
    expect(pending(`reset\n${stamp('running')}`, { unfinished: ['aaaaaa'] })).toEqual(['!1 reset']);
  });

  it('is finished when its end is there', () => {
    for (const state of ['done', 'failed'])
      expect(pending(`reset\n${stamp('running')}${stamp(state)}`, { unfinished: ['aaaaaa'] })).toEqual([]);
  });

  it('is finished before the same command, given again below, is run', () => {
    const text = `reset\n${stamp('running')}reset\n`;
    expect(pending(text, { unfinished: ['aaaaaa'] })).toEqual(['!1 reset']);
    expect(pending(`${text}${stamp('done')}`, { unfinished: ['aaaaaa'] })).toEqual(['3 reset']);
  });

  it('is nothing to do without the command above it', () => {
    expect(pending(stamp('running'), { unfinished: ['aaaaaa'] })).toEqual([]);
  });
});

describe('commands without an answer', () => {
  it('are counted once each, whoever they are meant for', () => {
    expect(countUnanswered(parse('reset\nreset\nreport @x\n').items)).toBe(2);
  });

  it('are not those that anybody has answered below', () => {
    const answered = stamp('running', 'bbbbbb', { instance: 'orders-2' });
    expect(countUnanswered(parse(`reset\n${answered}`).items)).toBe(0);
    expect(countUnanswered(parse(`${answered}reset\n`).items)).toBe(1);
  });
});
