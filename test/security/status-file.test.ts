import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { reset } from '../../src/cli/reset';
import { status } from '../../src/cli/status/status';
import { LockFileSystem } from '../../src/status/lock/lock-file-system';
import { StatusFile, type StatusFileOptions } from '../../src/status/status-file';
import { CliFixture } from '../cli/cli-fixture';
import { slowClock } from '../support/slow-clock';
import { asOther, itWithTwoUsers, OTHER } from './other-user';

const asTwo = itWithTwoUsers();
const LARGEST = 4 * 1024 * 1024;

let folder: string;
let path: string;
let logged: string[];
let files: StatusFile[];
let umask: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-status-'));
  path = join(folder, 'app.command.status.json');
  logged = [];
  files = [];
  umask = process.umask(0o022);
});

afterEach(async () => {
  await Promise.all(files.map((file) => file.release()));
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

function statusFile(options: Partial<StatusFileOptions> = {}): StatusFile {
  const say = (message: string): void => void logged.push(message);
  const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
  const file = new StatusFile({ path, clock: systemClock, log, ...options });
  files.push(file);
  return file;
}

const modeOf = (file = path): string => (statSync(file).mode & 0o7777).toString(8);
const entries = (): Record<string, Record<string, unknown>> => JSON.parse(readFileSync(path, 'utf8')).instances;
/** As if this very process, which lives, had written it. */
const entry = (): object => ({
  pid: process.pid,
  host: hostname(),
  updatedAt: new Date().toISOString(),
  token: 'f'.repeat(32),
});
const document = (instances: Record<string, unknown>): string => JSON.stringify({ version: 1, instances });

describe('the permissions of the status file', () => {
  it('are those that the umask leaves where there is no command file', async () => {
    process.umask(0o077);
    await statusFile().claim('orders');
    expect(modeOf()).toBe('600');
    process.umask(0o002);
    await statusFile().claim('orders');
    expect(modeOf()).toBe('644');
  });

  it('let read those who may read the command file, and follow it when it changes', async () => {
    const commandFile = join(folder, 'app.command');
    writeFileSync(commandFile, '');
    chmodSync(commandFile, 0o600);
    await statusFile({ commandFile }).claim('orders');
    expect(modeOf()).toBe('600');
    chmodSync(commandFile, 0o644);
    await statusFile({ commandFile }).claim('orders');
    expect(modeOf()).toBe('644');
  });

  asTwo('are for the group of the command file where the file can have it', async () => {
    const commandFile = join(folder, 'app.command');
    writeFileSync(commandFile, '');
    chownSync(commandFile, 0, OTHER);
    chmodSync(commandFile, 0o640);
    await statusFile({ commandFile }).claim('orders');
    expect(modeOf()).toBe('640');
    expect(statSync(path).gid).toBe(OTHER);
  });

  asTwo('are not widened by a command file or a link of another user', async () => {
    chmodSync(folder, 0o1777);
    process.umask(0o077);
    const commandFile = join(folder, 'app.command');
    asOther('touch app.command && chmod 644 app.command', folder);
    await statusFile({ commandFile }).claim('orders');
    expect(modeOf()).toBe('600');
    asOther('ln -sf /etc/passwd app.command', folder);
    await statusFile({ commandFile }).claim('orders');
    expect(modeOf()).toBe('600');
  });

  it('are those of the option, whatever umask and command file say', async () => {
    process.umask(0o077);
    const commandFile = join(folder, 'app.command');
    writeFileSync(commandFile, '');
    await statusFile({ commandFile, mode: 0o640 }).claim('orders');
    expect(modeOf()).toBe('640');
  });
});

describe('the way to the status file', () => {
  asTwo('is through no link of another user, unless that leads to their own directory', async () => {
    chmodSync(folder, 0o1777);
    mkdirSync(join(folder, 'ours'));
    writeFileSync(join(folder, 'ours', 'state.json'), 'ours');
    asOther('ln -s ours link && mkdir theirs && ln -s theirs current', folder);
    await statusFile({ path: join(folder, 'link', 'state.json') }).claim('orders');
    expect(logged).toEqual([expect.stringMatching(/the link .*link on the way to it belongs to user 4711/)]);
    expect(readdirSync(join(folder, 'ours'))).toEqual(['state.json']);
    expect(readFileSync(join(folder, 'ours', 'state.json'), 'utf8')).toBe('ours');
    await statusFile({ path: join(folder, 'current', 'state.json') }).claim('orders');
    expect(readdirSync(join(folder, 'theirs'))).toEqual(['state.json']);
  });
});

describe('a status file that is neither root’s, nor of whoever owns its directory or the command file,', () => {
  let cli: CliFixture;
  beforeEach(() => (cli = new CliFixture()));
  afterEach(() => cli.clear());

  const said = `${OTHER}, who alone vouches for what it says`;
  const calls = [
    ['status', () => status(['--file', cli.commandFile])],
    ['reset', () => reset(['--file', cli.commandFile, '--wait', '0'])],
  ] as const;

  asTwo.each(calls)('is told from others by skyanchor %s', async (_, call) => {
    cli.put('');
    cli.agent('orders');
    await call();
    expect(cli.stderr).not.toContain(said);
    chownSync(cli.statusFile, OTHER, OTHER);
    await call();
    expect(cli.stderr).toContain(`${cli.statusFile} belongs to user ${said}`);
  });

  asTwo.each(calls)('is none where the command file is that user’s, for skyanchor %s', async (_, call) => {
    cli.put('');
    cli.agent('orders');
    for (const file of [cli.statusFile, cli.commandFile]) chownSync(file, OTHER, OTHER);
    await call();
    expect(cli.stderr).not.toContain(said);
  });
});

describe('a status file that another user has made', () => {
  asTwo('in a directory like /tmp is not believed and not read, and the log says why', async () => {
    chmodSync(folder, 0o1777);
    const names = Array.from({ length: 20_000 }, (_, at) => (at === 0 ? 'orders' : `orders-${at + 1}`));
    const forged = document(Object.fromEntries(names.map((name) => [name, entry()])));
    writeFileSync(path, forged);
    chownSync(path, OTHER, OTHER);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(logged).toEqual([expect.stringMatching(/belongs to user 4711, expected root, .*: remove it/)]);
    expect(readFileSync(path, 'utf8')).toBe(forged);
    expect(readdirSync(folder)).toEqual(['app.command.status.json']);
  });

  asTwo('is believed where that user is named as an owner', async () => {
    chmodSync(folder, 0o1777);
    writeFileSync(path, document({ orders: entry() }));
    chownSync(path, OTHER, OTHER);
    expect(await statusFile({ owners: [OTHER] }).claim('orders')).toBe('orders-2');
  });

  asTwo(
    'is believed where the directory is that user’s: a process that started as root has become that user',
    async () => {
      chownSync(folder, OTHER, OTHER);
      writeFileSync(path, document({ orders: entry() }));
      chownSync(path, OTHER, OTHER);
      expect(await statusFile().claim('orders')).toBe('orders-2');
    },
  );
});

describe('the lock of the status file that another user has made', () => {
  const done = (act: (done: (error: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));

  asTwo('is taken for abandoned at once', async () => {
    chmodSync(folder, 0o1777);
    asOther('mkdir app.command.status.json.lock', folder);
    // By its clock it would take 1.7 s else.
    const clock = slowClock(4);
    const begun = clock.elapsed();
    expect(await statusFile({ clock }).claim('orders')).toBe('orders');
    expect(clock.elapsed() - begun).toBeLessThan(1_000);
  });

  it('is not waited for each time that it comes back, as those of other processes are', async () => {
    const turns: string[] = [];
    const trusted = new LockFileSystem(systemClock, () => turns.push('trusted'));
    const foreign = new LockFileSystem(
      systemClock,
      () => turns.push('foreign'),
      () => Promise.resolve(false),
    );
    for (let n = 0; n < 3; n++) {
      mkdirSync(`${path}.lock`);
      await done((then) => trusted.stat(`${path}.lock`, then));
      await done((then) => foreign.stat(`${path}.lock`, then));
      rmdirSync(`${path}.lock`);
    }
    expect(turns).toEqual(['trusted', 'trusted', 'trusted']);
  });

  asTwo('as a link leaves the time of the file as it is that the link leads to', async () => {
    const kept = join(folder, 'kept');
    writeFileSync(kept, '');
    utimesSync(kept, 1, 1);
    chmodSync(folder, 0o777);
    const fs = new LockFileSystem(systemClock, () => undefined);
    const lock = `${path}.lock`;
    await done((then) => fs.mkdir(lock, then));
    await done((then) => fs.stat(lock, then));
    asOther('rmdir app.command.status.json.lock && ln -s kept app.command.status.json.lock', folder);
    await done((then) => fs.utimes(lock, new Date(), new Date(), then));
    expect(statSync(kept).mtimeMs).toBe(1_000);
  });
});

describe('the status file', () => {
  it('is never written larger than it is read, so that a second process takes another name', async () => {
    const first = statusFile();
    await first.claim('orders');
    await first.writeNow({ service: 'shop', settings: 'x'.repeat(7_000_000), commands: { last: [] } });
    expect(statSync(path).size).toBeLessThan(LARGEST);
    expect(entries()['orders']).toMatchObject({ service: 'shop', commands: { last: [] }, leftOut: ['settings'] });
    expect(await statusFile().claim('orders')).toBe('orders-2');
  });

  it('is not written where the entries of others leave no room for ours', async () => {
    const full = document({ payment: { ...entry(), service: 'x'.repeat(LARGEST - 250) } });
    writeFileSync(path, full);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(logged).toEqual([expect.stringContaining('it would be larger than 4194304 bytes')]);
    expect(readFileSync(path, 'utf8')).toBe(full);
    expect(readdirSync(folder)).toEqual(['app.command.status.json']);
  });

  it('is not taken for empty where it is larger than can be read', async () => {
    writeFileSync(path, document({ orders: { ...entry(), service: 'x'.repeat(LARGEST) } }));
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(logged).toEqual([expect.stringContaining('it is larger than 4194304 bytes: remove it')]);
  });

  it('is written without the entries that are nested deeper than ours ever are', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    writeFileSync(path, document({ payment: entry(), deep: { ...entry(), x: 0 } }).replace('"x":0', `"x":${deep}`));
    expect(await statusFile().claim('orders')).toBe('orders');
    expect(Object.keys(entries())).toEqual(['orders', 'payment']);
  });

  it('does not take the place of what is no file, as /dev/null would be, nor of a link to it', async () => {
    execFileSync('mkfifo', [path]);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(lstatSync(path).isFIFO()).toBe(true);
    rmSync(path);
    symlinkSync('/dev/null', path);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    const reason = expect.stringContaining('it is not a regular file');
    expect(logged).toEqual([reason, reason]);
    expect(readdirSync(folder)).toEqual(['app.command.status.json']);
  });

  it.each(['{"orders": [{"id": 1}]}', '[]', 'precious\n', '{"version":3,"packages":{}}', '{"version":1'.repeat(2)])(
    'does not take the place of a file that holds %j, which is no status',
    async (text) => {
      writeFileSync(path, text);
      const file = statusFile();
      expect(await file.claim('orders')).toBeUndefined();
      file.adopt('orders');
      await expect(file.writeNow({ service: 'shop' })).rejects.toThrow('it is no status file');
      expect(logged[0]).toContain('it is no status file, and nothing else is replaced: remove it, or name another');
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );

  it.each(['', '\n', '{}', '\0\0\0', '{\n  "ver', '{"version":1,"instances":{"orders":{"pid"', '{"version": 1\0\0'])(
    'takes the place of %j, which a crash may have left of it',
    async (text) => {
      writeFileSync(path, text);
      expect(await statusFile().claim('orders')).toBe('orders');
    },
  );

  it.each(['{"instances":{},"version":1}', '{"version":2,"instances":{},"more":true}'])(
    'is known by what it holds, as in %s',
    async (text) => {
      writeFileSync(path, text);
      expect(await statusFile().claim('orders')).toBe('orders');
    },
  );

  it('leaves nothing beside it where it cannot be put in its place', async () => {
    mkdirSync(path);
    expect(await statusFile().claim('orders')).toBeUndefined();
    expect(logged).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['app.command.status.json']);
  });

  it('may hold an instance called __proto__, which is an instance like any other', async () => {
    writeFileSync(path, `{"version":1,"instances":{"__proto__":${JSON.stringify(entry())}}}`);
    expect(await statusFile().claim('__proto__')).toBe('__proto__-2');
    expect(await statusFile().claim('orders')).toBe('orders');
    expect(Object.keys(entries())).toEqual(['__proto__', '__proto__-2', 'orders']);
    expect(({} as Record<string, unknown>)['pid']).toBeUndefined();
  });
});
