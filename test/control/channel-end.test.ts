import { appendFileSync, chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import { CommandFile } from '../../src/control/file/command-file';
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

describe('the end of a command', () => {
  it('is in the file before it is released to what is written elsewhere', async () => {
    const told: string[] = [];
    const onChange = (): void => {
      const { last } = channel.status();
      if (!channel.withholdsEnd) told.push(`${last[0]?.state} ${desk.statesOf().join()}`);
    };
    const channel = await desk.watchReady({ onChange });
    await desk.type('echo reset > $F');
    await until(() => told.length === 2);
    expect(told).toEqual(['running running', 'done running,done']);
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
  ])('is released, and told once, where the file %s', async (_, breakFile, mend) => {
    let released = 0;
    const isDone = (): boolean => channel.status().last[0]?.state === 'done' && !channel.withholdsEnd;
    const channel = await desk.watchReady({ onChange: () => isDone() && released++ });
    await desk.type('echo slow > $F');
    await desk.untilRan(1);
    breakFile();
    end();
    await until(() => released > 0);
    mend();
    appendFileSync(desk.file, 'pause\n');
    await until(() => desk.ran.includes('pause'));
    await until(() => channel.status().last.at(-1)?.state === 'done');
    expect(channel.status().last.filter(({ verb }) => verb === 'slow')).toHaveLength(1);
  });
});
