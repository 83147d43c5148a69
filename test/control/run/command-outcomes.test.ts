import type { CommandOutcome } from '../../../src/api/status';
import { LastCommands } from '../../../src/control/run/command-outcomes';

describe('the last commands', () => {
  const command = (id: string, state: string): CommandOutcome => ({
    id,
    verb: 'v',
    state,
    at: '',
    detail: '',
  });

  it('are twenty at most, the oldest first', () => {
    const last = new LastCommands();
    for (let at = 0; at < 25; at++) last.note(command(String(at), 'rejected'));
    expect(last.all.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, at) => String(at + 5)));
  });

  it('have one line for a run, which its end replaces', () => {
    const last = new LastCommands();
    last.note(command('a', 'running'));
    last.note(command('b', 'rejected'));
    last.note(command('a', 'done'));
    last.note(command('a', 'duplicate'));
    expect(last.all.map(({ id, state }) => `${id} ${state}`)).toEqual(['a done', 'b rejected', 'a duplicate']);
  });
});
