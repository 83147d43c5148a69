import { appendFileSync, chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import { CommandFile } from '../../src/command/command-file';
import { until } from '../support/until';
import { Desk } from './desk';

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
  it('is in the file before the status tells it', async () => {
    const channel = await desk.watchReady();
    const { append } = CommandFile.prototype;
    const shown: (string | undefined)[] = [];
    jest.spyOn(CommandFile.prototype, 'append').mockImplementation(async function (this: CommandFile, ...args) {
      const outcome = await append.apply(this, args);
      shown.push(channel.status().last[0]?.state);
      return outcome;
    });
    await desk.type('echo reset > $F');
    await until(() => channel.status().last[0]?.state === 'done');
    expect(desk.statesOf()).toEqual(['running', 'done']);
    expect(shown).toEqual([undefined, 'running']);
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
  ])('is told by the status, once, where the file %s', async (_, breakFile, mend) => {
    const channel = await desk.watchReady();
    await desk.type('echo slow > $F');
    await desk.untilRan(1);
    breakFile();
    end();
    await until(() => channel.status().last[0]?.state === 'done');
    mend();
    appendFileSync(desk.file, 'pause\n');
    await until(() => desk.ran.includes('pause'));
    await until(() => channel.status().last.at(-1)?.state === 'done');
    expect(channel.status().last.filter(({ verb }) => verb === 'slow')).toHaveLength(1);
  });
});
