import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../src/config/config';
import type { Sources } from '../../src/config/resolve';
import { faultsOf, put, resolve } from '../config/sources';
import { asOther, itWithTwoUsers, OTHER } from './other-user';

const asTwo = itWithTwoUsers();
const ROOT = path.join(__dirname, '..', '..');
const THIRD = 4712;
const PLANTED = { backends: '203.0.113.9:11800', serviceName: 'planted', commandFile: '/tmp/planted.command' };

/** Shared as /tmp is. */
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-planted-')));
  chmodSync(folder, 0o1777);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]): string => path.join(folder, ...names);

/** The other user writes these two, one of them by a command of its own. */
const plant = (where: string, config = `echo '${JSON.stringify(PLANTED)}' > skyanchor.config.json`): void =>
  asOther(`echo '{"name":"planted"}' > package.json; ${config}`, where);

/** The configuration where only the defaults count, and why the file does not. */
function ignored(sources: Partial<Sources>, why: RegExp): Config {
  const config = resolve({ env: { SW_AGENT_AUTHENTICATION: 'secret' }, ...sources });
  expect(config.backends).toEqual([{ host: '127.0.0.1', port: 11_800 }]);
  expect(config.commandFile).toBeUndefined();
  expect(config.enabled).toBe(true);
  expect(config.refusals).toEqual([expect.stringMatching(why)]);
  return config;
}

describe('a configuration that another user has planted', () => {
  asTwo('above the main script is ignored, and the log says why', () => {
    put(folder, 'work/app.js', '');
    plant(folder);
    ignored({ mainScript: at('work/app.js') }, /skyanchor\.config\.json is ignored: it belongs to user 4711/);
  });

  asTwo('in the working directory of a program elsewhere is ignored', () => {
    asOther('mkdir home', folder);
    plant(at('home'));
    put(folder, 'tools/tool.js', '');
    ignored({ mainScript: at('tools/tool.js'), cwd: at('home') }, /4711/);
    ignored({ mainScript: undefined, cwd: at('home') }, /4711/);
  });

  asTwo('does not name the service, which the next package.json does', () => {
    put(folder, 'work/package.json', { name: 'orders' });
    put(folder, 'work/lib/app.js', '');
    chmodSync(at('work/lib'), 0o777);
    asOther(`echo '{"name":"planted"}' > package.json`, at('work/lib'));
    expect(resolve({ mainScript: at('work/lib/app.js') }).serviceName).toBe('orders');
    put(folder, 'tools/tool.js', '');
    expect(resolve({ mainScript: at('tools/tool.js'), cwd: at('work/lib') }).serviceName).toBe('orders');
  });

  asTwo('as a link to a package.json of ours names neither the service nor what it needs', () => {
    put(folder, 'shop/package.json', { name: 'shop', dependencies: { '@opentelemetry/sdk-node': '1' } });
    asOther('ln -s shop/package.json package.json', folder);
    const { serviceName, application } = resolve({ mainScript: put(folder, 'work/app.js', '') });
    expect(serviceName).toBe('app.js');
    expect(application).toMatchObject({ dependencies: [], packageFolders: [] });
  });

  asTwo('names the service where the main script is that user’s, too', () => {
    asOther(`mkdir home && cd home && echo > app.js && echo '{"name":"orders"}' > package.json`, folder);
    expect(resolve({ mainScript: at('home/app.js') }).serviceName).toBe('orders');
  });

  asTwo('as a link to a file of ours is ignored', () => {
    put(folder, 'upload', PLANTED);
    put(folder, 'work/app.js', '');
    plant(folder, 'ln -s upload skyanchor.config.json');
    ignored({ mainScript: at('work/app.js') }, /4711/);
  });

  asTwo('in a directory of that user is ignored although the file is ours', () => {
    asOther('mkdir home', folder);
    plant(at('home'), ':');
    put(at('home'), 'skyanchor.config.json', PLANTED);
    ignored({ mainScript: undefined, cwd: at('home') }, /is reached by .*home, which belongs to user 4711/);
  });

  const oddities = {
    'cannot be read': 'echo x > skyanchor.config.json; chmod 0 skyanchor.config.json',
    'is no JSON': 'echo "{" > skyanchor.config.json',
    'is a directory': 'mkdir skyanchor.config.json',
    'is a pipe': 'mkfifo skyanchor.config.json',
    'is a link to itself': 'ln -s skyanchor.config.json skyanchor.config.json',
    'is endless': 'ln -s /dev/zero skyanchor.config.json',
  };
  for (const [what, config] of Object.entries(oddities)) {
    asTwo(`and that ${what} is ignored, and throws nothing`, () => {
      put(folder, 'work/app.js', '');
      plant(folder, config);
      ignored({ mainScript: at('work/app.js') }, /4711/);
    });
  }

  asTwo('nearer than the one of the application leaves that one in force', () => {
    put(folder, 'shop/package.json', { name: 'shop' });
    put(folder, 'shop/skyanchor.config.json', { instanceName: 'ours' });
    put(folder, 'shop/uploads/app.js', '');
    chmodSync(at('shop/uploads'), 0o1777);
    asOther(`echo '{}' > package.json; echo '${JSON.stringify(PLANTED)}' > skyanchor.config.json`, at('shop/uploads'));
    expect(ignored({ mainScript: at('shop/uploads/app.js') }, /uploads/).instanceName).toBe('ours');
  });

  asTwo('counts where it is named', () => {
    plant(folder);
    const config = resolve({ env: { SW_AGENT_CONFIG_FILE: at('skyanchor.config.json') } });
    expect(config).toMatchObject({ serviceName: 'planted', refusals: [] });
  });
});

describe('a configuration of ours that others may write', () => {
  const application = (): string => {
    put(folder, 'shop/package.json', { name: 'shop' });
    put(folder, 'shop/skyanchor.config.json', { instanceName: 'ours' });
    return put(folder, 'shop/app.js', '');
  };

  it('leaves the application untraced, and the log has the command that mends it', () => {
    const mainScript = application();
    chmodSync(at('shop/skyanchor.config.json'), 0o666);
    const { enabled, refusals } = resolve({ mainScript });
    expect(enabled).toBe(false);
    expect(refusals).toEqual([
      `the application runs untraced: ${at('shop/skyanchor.config.json')} may be written by its group or by others; ` +
        `mend it with: chmod go-w ${at('shop/skyanchor.config.json')}`,
    ]);
  });

  it('by way of its directory leaves the application untraced', () => {
    application();
    chmodSync(at('shop'), 0o777);
    const { enabled, refusals } = resolve({ mainScript: put(folder, 'tool.js', ''), cwd: at('shop') });
    expect(enabled).toBe(false);
    expect(refusals).toEqual([expect.stringContaining(`chmod go-w ${at('shop')}`)]);
  });

  it('says nothing where the agent is turned off', () => {
    const mainScript = application();
    chmodSync(at('shop/skyanchor.config.json'), 0o666);
    expect(resolve({ mainScript, env: { SW_DISABLE: 'true' } }).refusals).toEqual([]);
  });
});

describe('a package.json of ours that others may write', () => {
  // So it comes into an image from a checkout with a umask of 002, where the main script is built with one of 022.
  it('names the service, and nothing beside it is loaded', () => {
    put(folder, 'shop/package.json', { name: 'shop', dependencies: { 'dd-trace': '5' } });
    const mainScript = put(folder, 'shop/dist/main.js', '');
    chmodSync(at('shop/package.json'), 0o664);
    chmodSync(mainScript, 0o644);
    const { serviceName, application } = resolve({ mainScript });
    expect([serviceName, application.dependencies, application.packageFolders]).toEqual(['shop', ['dd-trace'], []]);
  });
});

describe('a configuration that is as well kept as the main script', () => {
  it('counts in a checkout whose files its group may write', () => {
    put(folder, 'shop/package.json', { name: 'shop' });
    put(folder, 'shop/skyanchor.config.json', { instanceName: 'ours' });
    const mainScript = put(folder, 'shop/app.js', '');
    for (const name of ['shop/skyanchor.config.json', 'shop/app.js']) chmodSync(at(name), 0o664);
    chmodSync(at('shop'), 0o775);
    expect(resolve({ mainScript })).toMatchObject({ enabled: true, instanceName: 'ours', refusals: [] });
  });

  asTwo('counts where a process of root’s runs a script of the same user, as in a container', () => {
    put(folder, 'shop/package.json', { name: 'shop' });
    put(folder, 'shop/skyanchor.config.json', { instanceName: 'ours' });
    const mainScript = put(folder, 'shop/app.js', '');
    for (const name of ['shop', 'shop/package.json', 'shop/skyanchor.config.json', 'shop/app.js'])
      chownSync(at(name), OTHER, OTHER);
    expect(resolve({ mainScript })).toMatchObject({ enabled: true, instanceName: 'ours', refusals: [] });
    chownSync(at('shop/skyanchor.config.json'), THIRD, THIRD);
    ignored({ mainScript }, /belongs to user 4712/);
  });

  asTwo('is not one that another group may write', () => {
    put(folder, 'shop/package.json', { name: 'shop' });
    put(folder, 'shop/skyanchor.config.json', { instanceName: 'ours' });
    const mainScript = put(folder, 'shop/app.js', '');
    chmodSync(mainScript, 0o664);
    chownSync(at('shop/skyanchor.config.json'), 0, THIRD);
    chmodSync(at('shop/skyanchor.config.json'), 0o664);
    expect(resolve({ mainScript }).enabled).toBe(false);
  });
});

describe('a configuration file', () => {
  const widening = { commandFileOwners: [OTHER], commandFileTrustDirectory: true, instanceName: 'ours' };

  it('widens whom we trust only where it was named', () => {
    put(folder, 'shop/package.json', { name: 'shop' });
    const file = put(folder, 'shop/skyanchor.config.json', widening);
    const mainScript = put(folder, 'shop/app.js', '');
    const found = resolve({ mainScript });
    expect(found).toMatchObject({ commandFileOwners: [], commandFileTrustDirectory: false, instanceName: 'ours' });
    expect(found.refusals.map((line) => line.split(' ')[0])).toEqual([
      'commandFileOwners',
      'commandFileTrustDirectory',
    ]);
    const named = resolve({ mainScript, env: { SW_AGENT_CONFIG_FILE: file } });
    expect(named).toMatchObject({ commandFileOwners: [OTHER], commandFileTrustDirectory: true, refusals: [] });
  });

  it('with __proto__ in it is at fault, and changes no prototype', () => {
    const file = put(
      folder,
      'odd.json',
      '{"__proto__":{"enabled":false},"tls":{"__proto__":{"caFile":"/etc/passwd"}}}',
    );
    const faults = faultsOf({ env: { SW_AGENT_CONFIG_FILE: file } });
    expect(faults.map(({ name }) => name)).toEqual(['__proto__', 'tls.__proto__']);
    expect(({} as Record<string, unknown>)['enabled']).toBeUndefined();
  });

  it('is told of by its first twenty unknown keys, however many it has', () => {
    const keys = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`unknown${n}`, n]));
    const file = put(folder, 'other.json', JSON.stringify({ ...keys, sampleRate: 2 }));
    const faults = faultsOf({ env: { SW_AGENT_CONFIG_FILE: file } });
    expect(faults.map(({ name }) => name)).toEqual([...Object.keys(keys).slice(0, 20), 'options', 'sampleRate']);
    expect(faults[20]).toMatchObject({ value: '980 more', expected: 'options that exist' });
  });

  it('costs no more the longer a name is that is nothing but beginnings of placeholders', () => {
    const before = process.cpuUsage();
    const faults = faultsOf({ options: { instanceName: '${a:'.repeat(20_000) } });
    const { user, system } = process.cpuUsage(before);
    expect(faults).toMatchObject([{ name: 'instanceName' }]);
    expect(faults[0]!.value.length).toBeLessThanOrEqual(101);
    // The square of it took fifteen seconds.
    expect(user + system).toBeLessThan(1_000_000);
  });
});

describe('a program with the agent preloaded', () => {
  const run = (cwd: string, env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, ['--require', path.join(ROOT, 'dist', 'register.js'), '-e', 'console.log("ran")'], {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });

  asTwo('runs, with one line about the planted file', () => {
    asOther('mkdir home', folder);
    plant(at('home'));
    const { status, stdout, stderr } = run(at('home'));
    expect([status, stdout]).toEqual([0, 'ran\n']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/error: .*skyanchor\.config\.json is ignored/)]);
  });

  it('runs untraced, with one line, beside a file of ours that others may write', () => {
    put(folder, 'package.json', { name: 'shop' });
    put(folder, 'skyanchor.config.json', {});
    chmodSync(at('skyanchor.config.json'), 0o666);
    const { status, stdout, stderr } = run(folder);
    expect([status, stdout]).toEqual([0, 'ran\n']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/the application runs untraced: .*chmod go-w/)]);
  });

  asTwo('is not held up by a package.json that is a pipe', () => {
    asOther('mkfifo package.json', folder);
    // With --require, and from a script of type CommonJS that requires, Node itself reads it and waits.
    const script = put(folder, 'work/app.cjs', 'console.log("ran")');
    const register = path.join(ROOT, 'dist', 'register.js');
    const child = spawnSync(process.execPath, ['--import', register, script], { encoding: 'utf8', timeout: 20_000 });
    expect(child).toMatchObject({ status: 0, stdout: 'ran\n' });
  });

  it('believes nothing that is handed over for another process', () => {
    const handover = JSON.stringify({ pid: 1, args: ['--skyanchor-bogus'], isTraced: true });
    for (const SKYANCHOR_PRIMARY of [handover, 'null', '{"pid":{}}', '[', '{"__proto__":{"pid":1}}'])
      expect(run(folder, { SKYANCHOR_PRIMARY })).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
  });
});
