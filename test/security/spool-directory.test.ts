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
import { spool } from '../../src/cli/spool';
import { systemClock } from '../../src/base/clock';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import { SpoolOperator } from '../../src/spool/spool-operator';
import { CliFixture } from '../cli/cli-fixture';
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

describe('skyanchor spool', () => {
  let cli: CliFixture;
  const key = `orders.orders-1.${'1'.repeat(8)}.abc-1-${'1'.repeat(8)}`;
  const call = (action: string, directory: string, ...more: string[]): Promise<number> =>
    spool([action, '--directory', join(folder, directory), '--all', ...more]);

  beforeEach(() => (cli = new CliFixture()));
  afterEach(() => {
    delete process.env['SUDO_UID'];
    cli.clear();
  });

  asTwo('sends and removes nothing that another user may have planted, unless that user is named', async () => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    writeFileSync(join(folder, 'ours', `${key}.000001.spool`), 'ours');
    asOther('ln -s .. theirs/up', folder);

    for (const action of ['send', 'drop']) {
      expect(await call(action, 'theirs')).toBe(1);
      expect(await call(action, 'theirs/up/ours')).toBe(1);
    }
    expect(cli.stderr).toContain('it belongs to user 4711');
    expect(cli.stderr).toMatch(/it is reached by .*theirs, which belongs to user 4711/);
    expect(existsSync(join(folder, 'ours', `${key}.000001.spool`))).toBe(true);
    expect(await call('ls', 'theirs')).toBe(0);

    expect(await call('drop', 'theirs', '--owner', '4712')).toBe(1);
    expect(existsSync(join(folder, 'theirs', `${key}.000001.spool`))).toBe(true);
    expect(await call('drop', 'theirs', '--owner', '4711')).toBe(0);
    expect(existsSync(join(folder, 'theirs', `${key}.000001.spool`))).toBe(false);
    expect(await call('drop', 'ours')).toBe(0);
  });

  asTwo('trusts the user who calls it by sudo with what is theirs', async () => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    process.env['SUDO_UID'] = '4711';
    expect(await call('drop', 'theirs')).toBe(0);
    expect(existsSync(join(folder, 'theirs', `${key}.000001.spool`))).toBe(false);
  });

  it('refuses a user that is no number', async () => {
    expect(await call('drop', 'ours', '--owner', 'root')).toBe(2);
    expect(cli.stderr).toContain('--owner root: expected the number of a user');
  });
});
