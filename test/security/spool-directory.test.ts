import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import { asOther, itWithTwoUsers } from './other-user';

const asTwo = itWithTwoUsers();

/** Shared as /tmp is. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-spool-'));
  chmodSync(folder, 0o1777);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prepare = (...names: string[]): Promise<void> => new SpoolDirectory(join(folder, ...names)).prepare();

describe('a spool directory', () => {
  asTwo('is refused where another user has made it, or a link to a directory of ours', async () => {
    asOther('mkdir -m 700 planted && ln -s ours link', folder);
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    await expect(prepare('planted')).rejects.toThrow('it belongs to user 4711');
    await expect(prepare('link')).rejects.toThrow('it is a symbolic link');
    expect(readdirSync(join(folder, 'ours'))).toEqual([]);
  });

  asTwo('is not made below a directory or a link of another user, who could let it lead elsewhere', async () => {
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    asOther('mkdir theirs && ln -s ours link', folder);
    await expect(prepare('theirs', 'spool')).rejects.toThrow(/it is reached by .*theirs, which belongs to user 4711/);
    await expect(prepare('link', 'spool')).rejects.toThrow(/it is reached by .*link, which belongs to user 4711/);
    expect(existsSync(join(folder, 'theirs', 'spool'))).toBe(false);
    expect(readdirSync(join(folder, 'ours'))).toEqual([]);
  });

  it('is made in a directory like /tmp, and below one that all may write to, as a volume of a pod is', async () => {
    await prepare('spool');
    mkdirSync(join(folder, 'volume'));
    chmodSync(join(folder, 'volume'), 0o777);
    await prepare('volume', 'new', 'spool');
    expect(existsSync(join(folder, 'volume', 'new', 'spool'))).toBe(true);
  });
});
