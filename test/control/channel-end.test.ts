import { appendFileSync, chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import { CommandFile } from '../../src/control/file/command-file';
import { until } from '../support/until';
import { type ChannelOptions, CommandFileFixture } from './command-file-fixture';

let fixture: CommandFileFixture;
let end: () => void;

beforeEach(() => {
  fixture = new CommandFileFixture();
  fixture.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await fixture.clear();
});

describe('the result of a command', () => {
  it('is in the command file before its event comes, and in the status by then', async () => {
    const events: string[] = [];
    const onEvent: ChannelOptions['onEvent'] = (event) => {
      if (!('outcome' in event)) return;
      const shown = channel.status().last.map(({ state }) => state);
      events.push(`${event.type} ${event.outcome.state}, file ${fixture.statesOf().join()}, status ${shown.join()}`);
    };
    const channel = await fixture.watchReady({ onEvent });
    await fixture.type('echo reset > $F');
    await until(() => events.length === 2);
    expect(events).toEqual([
      'written running, file running, status running',
      'written done, file running,done, status done',
    ]);
  });

  it.each<readonly [string, () => void, () => void]>([
    ['is gone', () => unlinkSync(fixture.file), () => writeFileSync(fixture.file, 'report\n')],
    ['may be written by anybody', () => chmodSync(fixture.file, 0o666), () => chmodSync(fixture.file, 0o644)],
    ['is binary', () => writeFileSync(fixture.file, '\0\n'), () => writeFileSync(fixture.file, 'report\n')],
    [
      'cannot be read',
      () => {
        jest.spyOn(CommandFile.prototype, 'read').mockResolvedValue({ status: 'unavailable', reason: 'EIO' });
        appendFileSync(fixture.file, 'report\n');
      },
      () => jest.restoreAllMocks(),
    ],
    [
      'cannot be written',
      () => {
        jest.spyOn(CommandFile.prototype, 'append').mockResolvedValue({ status: 'failed', reason: 'ENOSPC' });
        appendFileSync(fixture.file, 'report\n');
      },
      () => jest.restoreAllMocks(),
    ],
  ])('is emitted once, as unwritten, where the file %s', async (_, breakFile, mend) => {
    const events: string[] = [];
    const channel = await fixture.watchReady({
      onEvent: (event) =>
        'outcome' in event && events.push(`${event.type} ${event.outcome.verb} ${event.outcome.state}`),
    });
    await fixture.type('echo slow > $F');
    await fixture.untilRan(1);
    breakFile();
    end();
    await until(() => events.length === 2);
    expect(events).toEqual(['written slow running', 'unwritten slow done']);
    mend();
    appendFileSync(fixture.file, 'pause\n');
    await until(() => fixture.ran.includes('pause'));
    await until(() => channel.status().last.at(-1)?.state === 'done');
    expect(channel.status().last.filter(({ verb }) => verb === 'slow')).toHaveLength(1);
    expect(events.filter((event) => event.endsWith('slow done'))).toHaveLength(1);
  });
});
