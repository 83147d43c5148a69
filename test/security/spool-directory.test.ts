import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { spool } from '../../src/cli/spool';
import { systemClock } from '../../src/base/clock';
import { spoolCodec } from '../../src/protocol/segments/spool-codec';
import { Claims } from '../../src/spool/claim';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import type { DeliveryFate } from '../../src/spool/ports';
import { SpoolOperator } from '../../src/spool/spool-operator';
import { CliFixture } from '../cli/cli-fixture';
import { asOther, itWithTwoUsers, OTHER, startAsOther } from './other-user';

const asTwo = itWithTwoUsers();
const SECRET = 'only-root-may-read-this';

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

  asTwo('is refused there also by a process that ends before it was made, or after it was refused', async () => {
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    asOther('mkdir theirs && ln -s ours link', folder);
    for (const name of ['theirs', 'link']) {
      const directory = new SpoolDirectory(join(folder, name, 'spool'));
      expect(() => directory.prepareNow()).toThrow(`${name}, which belongs to user 4711`);
      await expect(directory.prepare()).rejects.toThrow(`${name}, which belongs to user 4711`);
      expect(() => directory.prepareNow()).toThrow(`${name}, which belongs to user 4711`);
    }
    expect(existsSync(join(folder, 'theirs', 'spool'))).toBe(false);
    expect(readdirSync(join(folder, 'ours'))).toEqual([]);
    new SpoolDirectory(join(folder, 'new', 'spool')).prepareNow();
    expect(existsSync(join(folder, 'new', 'spool'))).toBe(true);
  });

  asTwo('is not made behind a link that another user puts there while we make it', async () => {
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    const stop = startAsOther('while :; do ln -s ours new; rm -f new; done', folder);
    let [refused, made] = [0, 0];
    try {
      // Both have to happen, or the other process was not in the way.
      for (let n = 0; (n < 1_000 || refused === 0 || made === 0) && !existsSync(join(folder, 'ours', 'spool')); n++) {
        await prepare('new', 'spool').then(
          () => made++,
          () => refused++,
        );
        if (lstatSync(join(folder, 'new'), { throwIfNoEntry: false })?.uid === 0)
          rmSync(join(folder, 'new'), { recursive: true });
      }
    } finally {
      await stop();
    }
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
  const cwd = process.cwd();
  const key = `orders.orders-1.${'1'.repeat(8)}.abc-1-${'1'.repeat(8)}`;
  const call = (action: string, directory: string, ...more: string[]): Promise<number> =>
    spool([action, '--directory', join(folder, directory), '--all', ...more]);

  beforeEach(() => (cli = new CliFixture()));
  afterEach(() => {
    // As root for another user it has gone into the directory.
    process.chdir(cwd);
    jest.restoreAllMocks();
    delete process.env['NODE_EXTRA_CA_CERTS'];
    delete process.env['SUDO_UID'];
    delete process.env['SW_AGENT_COLLECTOR_BACKEND_SERVICES'];
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

  asTwo('sends nothing to the default address where a configuration file of another user does not count', async () => {
    mkdirSync(join(folder, 'ours'), { mode: 0o700 });
    const left = join(folder, 'ours', `${key}.000001.spool`);
    writeFileSync(left, 'ours');
    mkdirSync(join(folder, 'app'));
    chmodSync(join(folder, 'app'), 0o777);
    asOther(
      `echo '{"name":"orders"}' > package.json; echo '{"tls":true}' > skyanchor.config.json`,
      join(folder, 'app'),
    );
    process.chdir(join(folder, 'app'));

    expect(await call('send', 'ours')).toBe(1);
    expect(cli.stderr).toMatch(/skyanchor\.config\.json is ignored: it belongs to user 4711/);
    expect(cli.stderr).toContain(
      'nothing is sent: name the file by SW_AGENT_CONFIG_FILE, or the backends by --backends',
    );
    // Which it says of that file once it looks at it.
    const looksAtIt = 'nothing says whose it is';
    expect(cli.stderr).not.toContain(looksAtIt);
    expect(existsSync(left)).toBe(true);

    for (const named of [['--backends', '127.0.0.1:1'], []]) {
      cli.stderr = '';
      if (named.length === 0) process.env['SW_AGENT_COLLECTOR_BACKEND_SERVICES'] = '127.0.0.1:1';
      expect(await call('send', 'ours', ...named)).toBe(1);
      expect(cli.stderr).toContain(looksAtIt);
      expect(cli.stderr).not.toContain('nothing is sent');
    }
  });

  asTwo('lets Node read its certificates before it goes into the directory of another user', async () => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    const places: string[] = [];
    const { createSecureContext } = tls;
    jest.spyOn(tls, 'createSecureContext').mockImplementation((options) => {
      places.push(process.cwd());
      return createSecureContext(options);
    });
    process.env['NODE_EXTRA_CA_CERTS'] = 'corp-ca.pem';
    await call('send', 'theirs', '--owner', String(OTHER), '--backends', '127.0.0.1:1');
    expect(process.cwd()).toBe(join(folder, 'theirs'));
    expect(places[0]).toBe(cwd);
  });

  asTwo('looks at nothing that another user may have planted before it sends or removes', async () => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    const open = jest.spyOn(SpoolDirectory.prototype, 'open');
    for (const action of ['send', 'drop']) expect(await call(action, 'theirs')).toBe(1);
    expect(open).not.toHaveBeenCalled();
    for (const action of ['send', 'drop']) expect(await call(action, 'missing')).toBe(1);
    expect(cli.stderr.match(/missing cannot be read: ENOENT/g)).toHaveLength(2);
  });

  asTwo('trusts the user who calls it by sudo with what is theirs', async () => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    process.env['SUDO_UID'] = '4711';
    expect(await call('drop', 'theirs')).toBe(0);
    expect(existsSync(join(folder, 'theirs', `${key}.000001.spool`))).toBe(false);
  });

  asTwo('makes files that the processes of the owner can read, as root for another user', async () => {
    asOther('mkdir -m 700 theirs', folder);
    const directory = new SpoolDirectory(join(folder, 'theirs'));
    await directory.checkOwners([4711]);
    await directory.writeJson(`${key}.claim`, { by: 'root' }, '1'.repeat(8));
    asOther(`cat theirs/${key}.claim`, folder);
    expect(statSync(join(folder, 'theirs', `${key}.claim`)).uid).toBe(4711);
  });

  asTwo('holds to the directory that was checked, though its owner leads the path elsewhere', async () => {
    mkdirSync(join(folder, 'root'));
    asOther('mkdir -p -m 700 home/theirs', folder);
    const directory = new SpoolDirectory(join(folder, 'home', 'theirs'));
    await directory.checkOwners([4711]);
    asOther('mv home/theirs home/away && ln -s ../root home/theirs', folder);
    await directory.writeJson(`${key}.claim`, { by: 'root' }, '1'.repeat(8));
    expect(readdirSync(join(folder, 'root'))).toEqual([]);
    expect(readdirSync(join(folder, 'home', 'away'))).toEqual([`${key}.claim`]);
    linkSync(join(folder, 'home', 'away', `${key}.claim`), join(folder, 'another'));
    await expect(directory.overwriteJson(`${key}.claim`, {})).rejects.toThrow('has another name');
  });

  asTwo('holds its lock there, too', async () => {
    mkdirSync(join(folder, 'root'));
    asOther('mkdir -p -m 700 home/theirs', folder);
    const directory = new SpoolDirectory(join(folder, 'home', 'theirs'));
    await directory.checkOwners([OTHER]);
    // Which Node.js remembers.
    expect(process.cwd()).toBe(join(folder, 'home', 'theirs'));
    asOther('mv home/theirs home/away && ln -s ../root home/theirs', folder);
    const isLive = (): Promise<boolean> => Promise.resolve(false);
    const claims = new Claims({ directory, clock: systemClock, leases: { isLive, isLiveKey: isLive } });
    const seen = await claims.locked(() =>
      Promise.resolve(['root', 'home/away'].map((name) => readdirSync(join(folder, name)))),
    );
    expect(seen).toEqual([[], ['spool.lock']]);
    expect(readdirSync(join(folder, 'home', 'away'))).toEqual([]);
  });

  asTwo('holds to a directory of root as well, below one of a user who leads the path elsewhere', async () => {
    mkdirSync(join(folder, 'root'));
    asOther('mkdir -m 755 home', folder);
    mkdirSync(join(folder, 'home', 'spool'), { mode: 0o700 });
    const directory = new SpoolDirectory(join(folder, 'home', 'spool'));
    await directory.checkOwners([OTHER]);
    asOther('mv home/spool home/away && ln -s ../root home/spool', folder);
    await directory.writeJson(`${key}.claim`, { by: 'root' }, '1'.repeat(8));
    expect(readdirSync(join(folder, 'root'))).toEqual([]);
    expect(statSync(join(folder, 'home', 'away', `${key}.claim`)).uid).toBe(0);
  });

  asTwo.each([
    ['has moved there', ''],
    ['has made a second name for', 'secret'],
  ])('shows nothing, as root, of a file of root that the owner of the directory %s', async (_, second) => {
    asOther('mkdir -m 700 theirs', folder);
    const at = (name: string): string => join(folder, 'theirs', name);
    const owner = JSON.stringify({
      service: 'orders',
      instance: '1',
      host: hostname(),
      pid: 2 ** 22 + 1,
      startedAt: '',
    });
    asOther(`echo '${owner}' > theirs/${key}.owner && cat theirs/${key}.owner > theirs/${key}.000002.spool`, folder);
    for (const name of [`${key}.000001.spool`, `${key}.${'2'.repeat(8)}.position`]) {
      writeFileSync(at(name), SECRET, { mode: 0o600 });
      if (second !== '') linkSync(at(name), join(folder, `${second}.${name}`));
    }
    const operator = new SpoolOperator(join(folder, 'theirs'), systemClock);
    const given: DeliveryFate[] = [];
    await operator.checkOwners([OTHER]);

    const fault = await operator.send(
      key,
      {
        codec: spoolCodec,
        transport: { deliver: () => Promise.resolve('stored') },
        delivery: undefined,
        onResult: () => given.push('stored'),
        onDamage: () => undefined,
      },
      new AbortController().signal,
    );

    asOther(`! grep -rs ${SECRET} theirs`, folder);
    // What is of that user is not read as a block, and was set aside; the other file stays as it was.
    expect([fault, given]).toEqual([undefined, []]);
    expect(readFileSync(at(`${key}.000001.spool`), 'utf8')).toBe(SECRET);
    expect(statSync(at(`${key}.000001.spool`)).uid).toBe(0);
    const corrupt = readdirSync(join(folder, 'theirs')).filter((name) => name.endsWith('.corrupt'));
    expect(corrupt).toEqual([`${key}.2-0.no-owner.corrupt`]);
  });

  asTwo.each([
    ['has moved there', ''],
    ['has made a second name for', 'secret'],
  ])('lists nothing, as root, of a file of root that the owner of the directory %s', async (_, second) => {
    asOther(`mkdir -m 700 theirs && echo planted > theirs/${key}.000001.spool`, folder);
    const file = join(folder, 'theirs', `${key}.owner`);
    const owner = { service: SECRET, instance: '1', host: hostname(), pid: 2 ** 22 + 1, startedAt: '' };
    writeFileSync(file, JSON.stringify(owner), { mode: 0o600 });
    if (second !== '') linkSync(file, join(folder, second));
    expect(await call('ls', 'theirs')).toBe(0);
    expect(await call('ls', 'theirs', '--json')).toBe(0);
    expect(cli.stdout).not.toContain(SECRET);
    expect(cli.stdout).toMatch(/^\? +\? +\? +\? +dead/m);
  });

  asTwo('lists, as root, the directory that it came to, though another user leads the path elsewhere', async () => {
    asOther('mkdir -p -m 700 home/spool away', folder);
    const operator = new SpoolOperator(join(folder, 'home', 'spool'), systemClock);
    await operator.enter();
    asOther(`mv home/spool home/before && mv away home/spool && touch home/spool/${key}.000001.spool`, folder);
    expect(await operator.list()).toEqual([]);
  });

  asTwo('neither reads nor writes, as root for another user, what has just become a file of root', async () => {
    asOther('mkdir -m 700 theirs', folder);
    const name = `${key}.${'2'.repeat(8)}.position`;
    const directory = new SpoolDirectory(join(folder, 'theirs'));
    await directory.checkOwners([OTHER]);
    writeFileSync(join(folder, 'theirs', name), '{}', { mode: 0o600 });
    await expect(directory.open(name)).rejects.toThrow(`${name} belongs to user 0`);
    expect(await directory.readJson(name)).toBeUndefined();
    await expect(directory.overwriteJson(name, {})).rejects.toThrow(`${name} belongs to user 0`);
    expect(readFileSync(join(folder, 'theirs', name), 'utf8')).toBe('{}');
  });

  asTwo('changes, as root for another user, no date of what belongs to somebody else', async () => {
    asOther(
      `mkdir -m 700 theirs && touch -d @1000 theirs/${key}.owner && ln -s ../root.owner theirs/link.owner`,
      folder,
    );
    const at = (name: string): string => join(folder, 'theirs', name);
    writeFileSync(join(folder, 'root.owner'), '');
    const directory = new SpoolDirectory(join(folder, 'theirs'));
    await directory.checkOwners([OTHER]);
    await directory.touch(`${key}.owner`, 2_000_000);
    expect(statSync(at(`${key}.owner`)).mtimeMs).toBe(2_000_000);

    writeFileSync(at('root.owner'), '', { mode: 0o600 });
    utimesSync(at('root.owner'), 1_000, 1_000);
    await expect(directory.touch('root.owner', 2_000_000)).rejects.toThrow('root.owner belongs to user 0');
    expect(statSync(at('root.owner')).mtimeMs).toBe(1_000_000);
    await expect(directory.touch('link.owner', 2_000_000)).rejects.toThrow('ELOOP');
  });

  it('leaves a directory alone in which others may write, and so may have planted what lies there', async () => {
    mkdirSync(join(folder, 'open'));
    writeFileSync(join(folder, 'open', `${key}.000001.spool`), 'planted');
    for (const mode of [0o1777, 0o770]) {
      chmodSync(join(folder, 'open'), mode);
      for (const action of ['send', 'drop']) expect(await call(action, 'open')).toBe(1);
    }
    expect(cli.stderr).toContain('others may write in it; mend it with: chmod 700');
    expect(existsSync(join(folder, 'open', `${key}.000001.spool`))).toBe(true);
    expect(await call('ls', 'open')).toBe(0);
  });

  it('refuses a user that is no number', async () => {
    expect(await call('drop', 'ours', '--owner', 'root')).toBe(2);
    expect(cli.stderr).toContain('--owner root: expected the number of a user');
  });
});
