import { lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { wayTo } from '../../src/base/file/trusted-file';
import { Log } from '../../src/base/log';
import { CommandFile } from '../../src/control/file/command-file';
import { FileWatch } from '../../src/control/file/file-watch';
import { until } from '../support/until';
import { itWithTwoUsers, OTHER } from './other-user';

const asTwo = itWithTwoUsers();
const LINKS = 20;
const trust = { uid: process.geteuid?.() ?? 0, owners: [] };

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'skyanchor-way-')));
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'command'), 'report\n');
  // Each link leads a thousand steps through `a` and back before it comes to the next one.
  for (let at = 0; at < LINKS; at++)
    symlinkSync(`${'a/../'.repeat(800)}${at + 1 < LINKS ? `link-${at + 1}` : 'command'}`, join(folder, `link-${at}`));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The paths below the folder that are handed to the system to be followed. `lstat` and `readlink` follow no last link. */
function followed(): string[] {
  const paths: string[] = [];
  for (const name of ['realpath', 'open', 'stat', 'statfs', 'access'] as const) {
    const real = fsPromises[name] as (path: string, ...rest: unknown[]) => Promise<unknown>;
    jest.spyOn(fsPromises, name).mockImplementation((path: unknown, ...rest: unknown[]) => {
      if (String(path).startsWith(join(folder, 'link-0'))) paths.push(`${name} ${String(path)}`);
      return real(String(path), ...rest) as never;
    });
  }
  return paths;
}

describe('a way of links that is made as long as the kernel follows it', () => {
  asTwo('is looked at up to its first link where that belongs to another user', async () => {
    lchownSync(join(folder, 'link-0'), OTHER, OTHER);
    const way = await wayTo(join(folder, 'link-0'), trust);
    expect(way.at(-1)?.path).toBe(join(folder, 'link-0'));
    expect(way.length).toBeLessThan(10);
  });

  it('is looked at for a bounded number of steps where the links are our own', async () => {
    const way = await wayTo(join(folder, 'link-0'), trust);
    // Up to the link at which the bound is passed.
    expect(way.length).toBeLessThan(2_000);
  });

  asTwo.each([
    ['the command file', ''],
    ['its directory', '/command'],
  ])('is followed neither to read nor to watch where another user’s link is in the place of %s', async (_, below) => {
    lchownSync(join(folder, 'link-0'), OTHER, OTHER);
    const path = join(folder, `link-0${below}`);
    const paths = followed();
    const file = new CommandFile({ path, trust, trustDirectory: true });
    expect(await file.read(undefined)).toMatchObject({
      status: 'refused',
      rule: expect.stringContaining(`link-0, which belongs to user ${OTHER}`),
    });
    let looks = 0;
    const watch = new FileWatch({
      path,
      trust,
      clock: systemClock,
      log: new Log(systemClock),
      look: () => Promise.resolve(looks++ < 3),
    });
    watch.start();
    try {
      await until(() => looks > 1);
    } finally {
      await watch.stop();
    }
    expect(paths).toEqual([]);
  });

  it('is followed no further than it was looked at where the links are our own', async () => {
    const file = new CommandFile({ path: join(folder, 'link-0'), trust, trustDirectory: true });
    const paths = followed();
    expect(await file.read(undefined)).toMatchObject({ status: 'refused', rule: 'cannot be opened (ELOOP)' });
    expect(paths).toEqual([]);
  });
});

asTwo('a command file in a directory of another user is not even opened, whatever that user makes of it', async () => {
  const directory = join(folder, 'link-0-theirs');
  mkdirSync(directory);
  writeFileSync(join(directory, 'command'), 'report\n');
  lchownSync(directory, OTHER, OTHER);
  const paths = followed();
  const file = new CommandFile({ path: join(directory, 'command'), trust, trustDirectory: false });
  expect(await file.read(undefined)).toMatchObject({
    status: 'refused',
    rule: `lies below ${directory}, which belongs to user ${OTHER}`,
  });
  // Whether it is mounted read-only is asked of the directory.
  expect(paths).toEqual([`access ${directory}`]);
});
