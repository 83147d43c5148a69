import { BoundedSet, CommandHistory } from '../../../src/control/run/command-history';
import { parse } from '../../../src/control/syntax/parse';
import { pendingOf } from '../../../src/control/syntax/pending';

const NOON = Date.parse('2026-11-21T12:00:00.000Z');
const MINUTE = 60_000;

describe('the age of a command', () => {
  const foreign = '#! 2026-11-21T11:40:00.000Z orders-2 running bbbbbb cmd=0123456789ab !#\n';

  function isExpired(text: string, mtimes: readonly number[], nowMs = NOON): boolean {
    const memory = new CommandHistory('orders-1');
    const pending = pendingOf(parse(text).items, memory);
    for (const mtimeMs of mtimes) memory.notePending(pending, mtimeMs);
    return memory.isExpired(pending[0]!, nowMs);
  }

  it('counts from the time the file had when it was first read', () => {
    expect(isExpired('reset expires=10m\n', [NOON - 9 * MINUTE])).toBe(false);
    expect(isExpired('reset expires=10m\n', [NOON - 11 * MINUTE])).toBe(true);
    expect(isExpired('reset expires=10m\n', [NOON - 11 * MINUTE, NOON])).toBe(true);
  });

  it('counts from the first stamp below it where that is earlier', () => {
    expect(isExpired(`reset expires=10m\n${foreign}`, [NOON])).toBe(true);
    expect(isExpired(`reset expires=30m\n${foreign}`, [NOON])).toBe(false);
    expect(isExpired(`${foreign}reset expires=10m\n`, [NOON])).toBe(false);
  });

  it('is nothing that a file from the future has', () => {
    expect(isExpired('reset expires=10m\n', [NOON + 60 * MINUTE])).toBe(false);
  });

  it('does not matter where nothing was said of it, and may be longer than time', () => {
    expect(isExpired('reset\n', [0])).toBe(false);
    expect(isExpired('reset expires=999999999d\n', [0])).toBe(false);
  });

  it('starts afresh when the command is given again', () => {
    const memory = new CommandHistory('orders-1');
    const pending = pendingOf(parse('reset expires=10m\n').items, memory);
    memory.notePending(pending, NOON - 11 * MINUTE);
    memory.notePending([], NOON);
    memory.notePending(pending, NOON);
    expect(memory.isExpired(pending[0]!, NOON)).toBe(false);
  });
});

describe('the memory', () => {
  it('keeps the last thousand ids', () => {
    const memory = new CommandHistory('orders-1');
    for (let at = 0; at <= 1_000; at++) memory.noteRun(parse(`reset id=${at}\n`).items[0] as never, undefined);
    expect(memory.wasRun('0')).toBe(false);
    expect(memory.wasRun('1')).toBe(true);
    expect(memory.wasRun('1000')).toBe(true);
  });

  it('forgets the longest unused first', () => {
    const set = new BoundedSet<string>(2);
    for (const value of ['a', 'b', 'a', 'c']) set.add(value);
    expect(['a', 'b', 'c'].filter((value) => set.has(value))).toEqual(['a', 'c']);
  });
});
