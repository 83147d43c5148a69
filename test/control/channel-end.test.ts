import { appendFileSync, chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import { CommandFile } from '../../src/control/file/command-file';
import type { ChannelEvent } from '../../src/control/run/command-channel';
import { until } from '../support/until';
import { Desk } from './command-file-fixture';

let desk: Desk;
let end: () => void;

beforeEach(() => {
  desk = new Desk();
  desk.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await desk.clear();
});

describe('the result of a command', () => {
  it('is in the command file before its event comes, and in the status by then', async () => {
    const events: string[] = [];
    const onEvent = (event: ChannelEvent): void => {
      if (!('outcome' in event)) return;
      const shown = channel.status().last.map(({ state }) => state);
      events.push(`${event.type} ${event.outcome.state}, file ${desk.statesOf().join()}, status ${shown.join()}`);
    };
    const channel = await desk.watchReady({ onEvent });
    await desk.type('echo reset > $F');
    await until(() => events.length === 2);
    expect(events).toEqual([
      'written running, file running, status running',
      'written done, file running,done, status done',
    ]);
  });

  it.each<readonly [string, () => void, () => void]>([
    ['is gone', () => unlinkSync(desk.file), () => writeFileSync(desk.file, 'report\n')],
    ['may be written by anybody', () => chmodSync(desk.file, 0o666), () => chmodSync(desk.file, 0o644)],
    ['is binary', () => writeFileSync(desk.file, '\0\n'), () => writeFileSync(desk.file, 'report\n')],
    [
      'cannot be read',
      () => {
        jest.spyOn(CommandFile.prototype, 'read').mockResolvedValue({ status: 'unavailable', reason: 'EIO' });
        appendFileSync(desk.file, 'report\n');
      },
      () => jest.restoreAllMocks(),
    ],
    [
      'cannot be written',
      () => {
        jest.spyOn(CommandFile.prototype, 'append').mockResolvedValue({ status: 'failed', reason: 'ENOSPC' });
        appendFileSync(desk.file, 'report\n');
      },
      () => jest.restoreAllMocks(),
    ],
  ])('is emitted once, as unwritten, where the file %s', async (_, breakFile, mend) => {
    const events: string[] = [];
    const channel = await desk.watchReady({
      onEvent: (event) =>
        'outcome' in event && events.push(`${event.type} ${event.outcome.verb} ${event.outcome.state}`),
    });
    await desk.type('echo slow > $F');
    await desk.untilRan(1);
    breakFile();
    end();
    await until(() => events.length === 2);
    expect(events).toEqual(['written slow running', 'unwritten slow done']);
    mend();
    appendFileSync(desk.file, 'pause\n');
    await until(() => desk.ran.includes('pause'));
    await until(() => channel.status().last.at(-1)?.state === 'done');
    expect(channel.status().last.filter(({ verb }) => verb === 'slow')).toHaveLength(1);
    expect(events.filter((event) => event.endsWith('slow done'))).toHaveLength(1);
  });
});
