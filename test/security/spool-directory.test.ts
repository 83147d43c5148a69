import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import { SpoolOperator } from '../../src/spool/spool-operator';
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

  it('is read where directories, pipes and links stand in the place of what says whose it is', async () => {
    const operator = new SpoolOperator(folder, systemClock);
    const keys = ['1', '2', '3'].map((digit) => `orders.orders-1.${digit.repeat(8)}.abc-1-${digit.repeat(8)}`);
    for (const key of keys) writeFileSync(join(folder, `${key}.000001.spool`), 'planted');
    const [first = '', second = '', third = ''] = keys.map((key) => join(folder, key));
    execFileSync('mkfifo', [`${first}.owner`, `${first}.claim`]);
    for (const role of ['owner', 'claim']) {
      mkdirSync(`${second}.${role}`);
      symlinkSync('/dev/zero', `${third}.${role}`);
    }
    const found = await operator.list();
    expect(found.map(({ key, owner, state }) => [key, owner, state])).toEqual(
      keys.map((key) => [key, undefined, 'dead']),
    );
  });

  it('is made in a directory like /tmp, and below one that all may write to, as a volume of a pod is', async () => {
    await prepare('spool');
    mkdirSync(join(folder, 'volume'));
    chmodSync(join(folder, 'volume'), 0o777);
    await prepare('volume', 'new', 'spool');
    expect(existsSync(join(folder, 'volume', 'new', 'spool'))).toBe(true);
  });
});
