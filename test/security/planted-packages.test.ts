import { execFileSync, spawnSync } from 'node:child_process';
import fs, { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInThisContext } from 'node:vm';
import type { Finding } from '../../src/cli/doctor/report';
import { findApplication } from '../../src/config/sources/application';
import { readFileBeside } from '../../src/config/sources/config-file';
import { API_VERSION, registerApis } from '../../src/instrument/opentelemetry/api-global';
import { cli } from '../cli/cli';
import { put } from '../config/sources';
import { REGISTER } from '../support/app';
import { bundleOf } from '../support/bundle';
import { asOther, itWithTwoUsers, OTHER } from './other-user';

const asTwo = itWithTwoUsers();
const NAME = '@opentelemetry/instrumentation-stock';
const NAMED = { name: 'shop', dependencies: { [NAME]: '1.0.0' } };
const CODE = 'console.log("loaded"); exports.StockInstrumentation = class {};';

const INDEX = path.join(path.dirname(REGISTER), 'index.js');

/** Shared as /tmp is. */
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-packages-')));
  chmodSync(folder, 0o1777);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of ours that needs a library, which it has. */
function program(where: string): string {
  put(folder, `${where}/node_modules/stock/index.js`, '');
  return put(folder, `${where}/app.js`, 'require("stock"); console.log("ran");');
}

/** The other user installs an instrumentation for that library. */
function plant(where: string): void {
  asOther(`mkdir -p node_modules/${NAME} && echo '${CODE}' > node_modules/${NAME}/index.js`, where);
}

function run(
  script: string,
  cwd: string,
  env: { readonly NODE_PATH?: string; readonly HOME?: string; readonly NODE_OPTIONS?: string } = {},
): { readonly status: number | null; readonly said: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', REGISTER, script], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { status, said: stdout, stderr };
}

/** An instrumentation that is installed. */
function install(code: string, packageJson: object = {}): void {
  put(folder, 'work/package.json', NAMED);
  put(folder, `work/node_modules/${NAME}/package.json`, packageJson);
  put(folder, `work/node_modules/${NAME}/index.js`, code);
}

describe('an instrumentation of OpenTelemetry that another user has planted', () => {
  asTwo('is not loaded when a link to a package.json of ours lies beside it, above the main script', () => {
    put(folder, 'shop/package.json', NAMED);
    plant(folder);
    asOther('ln -s shop/package.json package.json', folder);
    expect(run(program('work'), '/')).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('is not loaded when a link to a package.json of ours lies beside it, in the working directory', () => {
    put(folder, 'shop/package.json', NAMED);
    asOther('mkdir home && ln -s ../shop/package.json home/package.json', folder);
    plant(path.join(folder, 'home'));
    const script = program('work');
    expect(run(script, path.join(folder, 'home'))).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('is not loaded in place of one that the application names and has not installed, and the log says why', () => {
    plant(folder);
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/instrumentation-stock is not loaded: .* belongs to user 4711/);
  });

  asTwo('is not loaded when it is a file of ours that a link of that user leads to', () => {
    put(folder, `uploads/${NAME}/index.js`, CODE);
    asOther('ln -s uploads node_modules', folder);
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/is reached by .*node_modules, which belongs to user 4711/);
  });

  asTwo('is not loaded when an empty folder of ours lies below the link of that user', () => {
    put(folder, `uploads/${NAME}/index.js`, CODE);
    asOther('ln -s uploads node_modules', folder);
    mkdirSync(path.join(folder, 'work/node_modules', NAME), { recursive: true });
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/is reached by .*node_modules, which belongs to user 4711/);
  });

  asTwo.each([
    ['a pipe', 'mkfifo package.json'],
    ['400 MB long', 'truncate -s 400M package.json'],
  ])('does not hold up the start when its package.json is %s', (_, command) => {
    plant(folder);
    asOther(command, path.join(folder, 'node_modules', NAME));
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/instrumentation-stock is not loaded: .* belongs to user 4711/);
  });
});

describe('a package of the agent’s own that another user has planted above a bundle', () => {
  const NEEDS = ['proper-lockfile', 'signal-exit'];
  const APP = `
    const { existsSync } = require('node:fs');
    require(${JSON.stringify(INDEX)}).start({ serviceName: 'shop', backends: '127.0.0.1:1', commandFile: 'command' });
    const timer = setInterval(() => {
      if (!existsSync('command.status.json')) return;
      clearInterval(timer);
      console.log('ran');
    }, 20);
  `;
  const PIPE = NEEDS.map((name) => `mkfifo node_modules/${name}/package.json`).join(' && ');

  asTwo.each([
    ['is not loaded', 'true'],
    ['does not hold up the process when its package.json is a pipe', PIPE],
  ])('%s', (_, command) => {
    const app = put(folder, 'work/app.cjs', bundleOf(put(folder, 'source/app.js', APP)));
    put(folder, 'work/package.json', {});
    for (const name of NEEDS) {
      const planted = `echo 'console.log("planted"); exports.unload = () => {};' > node_modules/${name}/index.js`;
      asOther(`mkdir -p node_modules/${name} && ${planted}`, folder);
    }
    asOther(command, folder);
    const { status, stdout } = spawnSync(process.execPath, [app], {
      cwd: path.join(folder, 'work'),
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
      timeout: 30_000,
      // One that waits for a pipe hears no other.
      killSignal: 'SIGKILL',
    });
    expect([status, stdout]).toEqual([0, 'ran\n']);
  });
});

describe('a package that an installed instrumentation requires and that another user has planted', () => {
  const REQUIRES = 'try { require("helper"); } catch (error) { console.log(error.code); }';
  const PLANTED = 'echo \'console.log("planted")\' >';
  const ABSENT = { status: 0, said: 'MODULE_NOT_FOUND\nran\n' };

  asTwo.each([
    ['above the application', `mkdir -p node_modules/helper && ${PLANTED} node_modules/helper/index.js`],
    ['above the application, as a single file', `mkdir node_modules && ${PLANTED} node_modules/helper.js`],
    ['in the home directory', `mkdir -p home/.node_modules && ${PLANTED} home/.node_modules/helper.js`],
    ['in NODE_PATH', `mkdir -p path/helper && ${PLANTED} path/helper/index.js`],
    ['in a NODE_PATH of ours where others may add files', `${PLANTED} shared/helper.js`],
  ])('is absent when it lies %s', (_, command) => {
    mkdirSync(path.join(folder, 'shared'));
    chmodSync(path.join(folder, 'shared'), 0o1777);
    asOther(command, folder);
    install(REQUIRES);
    const env = { HOME: path.join(folder, 'home'), NODE_PATH: `${folder}/path:${folder}/shared` };
    expect(run(program('work'), '/', env)).toMatchObject({
      ...ABSENT,
      stderr: expect.stringMatching(/helper is not loaded/),
    });
  });

  asTwo('is absent, and the log says why', () => {
    asOther('mkdir -p node_modules/helper', folder);
    install(REQUIRES);
    expect(run(program('work'), '/').stderr).toMatch(
      /helper is not loaded: .*node_modules, which belongs to user 4711/,
    );
  });

  asTwo('is absent when a constructor requires it', () => {
    asOther(`mkdir node_modules && ${PLANTED} node_modules/helper.js`, folder);
    install(`exports.StockInstrumentation = class { constructor() { ${REQUIRES} } enable() {} };`);
    expect(run(program('work'), '/')).toMatchObject(ABSENT);
  });

  asTwo('is absent when package.json maps a name to it', () => {
    asOther(`mkdir -p node_modules/helper && ${PLANTED} node_modules/helper/index.js`, folder);
    install(REQUIRES.replace('helper', '#helper'), { name: NAME, imports: { '#helper': 'helper' } });
    expect(run(program('work'), '/')).toMatchObject(ABSENT);
  });

  asTwo('is absent when a package of ours that it requires asks for it', () => {
    asOther(`mkdir node_modules && ${PLANTED} node_modules/helper.js`, folder);
    put(folder, 'work/node_modules/debug/lib/index.js', REQUIRES);
    put(folder, 'work/node_modules/debug/package.json', { main: './lib' });
    install('require("debug");');
    expect(run(program('work'), '/')).toMatchObject(ABSENT);
  });

  asTwo('does not hold up the application when its package.json is a pipe', () => {
    asOther('mkdir -p node_modules/helper && mkfifo node_modules/helper/package.json', folder);
    install(REQUIRES);
    mkdirSync(path.join(folder, 'work/node_modules/helper'));
    expect(run(program('work'), '/')).toMatchObject(ABSENT);
  });

  asTwo(
    'is found by the application itself, as without the agent, while and after an instrumentation is loaded',
    () => {
      asOther(`mkdir node_modules && ${PLANTED} node_modules/helper.js && echo > node_modules/compiler.js`, folder);
      install(REQUIRES);
      program('work');
      const script = put(
        folder,
        'work/app.js',
        `const Module = require('node:module');
      const { _findPath, _resolveFilename, _extensions: extensions } = Module;
      const compile = extensions['.js'];
      extensions['.js'] = (module, file) => {
        if (file.includes('instrumentation')) console.log(typeof require('compiler'));
        compile(module, file);
      };
      require('stock');
      require('helper');
      console.log(_findPath === Module._findPath && _resolveFilename === Module._resolveFilename);`,
      );
      expect(run(script, '/')).toMatchObject({ status: 0, said: 'object\nMODULE_NOT_FOUND\nplanted\ntrue\n' });
    },
  );
});

describe('an instrumentation of OpenTelemetry that the application has installed', () => {
  const LOADED = { status: 0, said: 'helped\nloaded\nran\n', stderr: '' };
  const HELPED = `require("helper"); ${CODE}`;
  const helper = (where: string) => put(folder, `${where}/helper/index.js`, 'console.log("helped")');

  it('is loaded with its library', () => {
    install(CODE);
    expect(run(program('work'), '/')).toEqual({ status: 0, said: 'loaded\nran\n', stderr: '' });
  });

  it.each([
    `work/node_modules/${NAME}/node_modules`,
    'work/node_modules',
    'node_modules',
    'home/.node_modules',
    'home/.node_libraries',
    'path',
  ])('is loaded with what it requires in %s of this user', (where) => {
    install(HELPED);
    helper(where);
    const env = { HOME: path.join(folder, 'home'), NODE_PATH: path.join(folder, 'path') };
    expect(run(program('work'), '/', env)).toEqual(LOADED);
  });

  it('is loaded with what it requires when both are links into a store outside of the application', () => {
    const store = 'store/stock@1/node_modules';
    put(folder, 'work/package.json', NAMED);
    put(folder, `${store}/${NAME}/index.js`, HELPED);
    helper('store/helper@1/node_modules');
    symlinkSync('../../helper@1/node_modules/helper', path.join(folder, store, 'helper'));
    mkdirSync(path.join(folder, 'work/node_modules', path.dirname(NAME)), { recursive: true });
    symlinkSync(path.join(folder, store, NAME), path.join(folder, 'work/node_modules', NAME));
    expect(run(program('work'), '/')).toEqual(LOADED);
  });

  it.each([{}, { exports: './index.js' }])(
    'is loaded when another package names it that has all, and whose package.json says %j',
    (fields) => {
      const all = 'work/node_modules/@opentelemetry/auto-instrumentations-node';
      install(CODE);
      put(folder, 'work/package.json', {
        name: 'shop',
        dependencies: { [path.relative('work/node_modules', all)]: '1' },
      });
      put(folder, `${all}/package.json`, { ...fields, dependencies: NAMED.dependencies });
      put(folder, `${all}/index.js`, '');
      expect(run(program('work'), '/')).toEqual({ status: 0, said: 'loaded\nran\n', stderr: '' });
    },
  );

  it('is loaded from hard links, as pnpm makes them, where a group may write that may write the script', () => {
    install('');
    rmSync(path.join(folder, `work/node_modules/${NAME}/index.js`));
    linkSync(put(folder, 'store/1', CODE), path.join(folder, `work/node_modules/${NAME}/index.js`));
    const script = program('work');
    for (const one of ['', 'node_modules', `node_modules/${path.dirname(NAME)}`, `node_modules/${NAME}`])
      chmodSync(path.join(folder, 'work', one), 0o775);
    expect(run(script, '/')).toEqual({ status: 0, said: 'loaded\nran\n', stderr: '' });
  });

  it('is loaded with what its own package.json exports, imports and names by itself', () => {
    install(`require("#inner"); require("${NAME}/extra"); ${CODE}`, {
      name: NAME,
      exports: { '.': './index.js', './extra': './build/extra.js' },
      imports: { '#inner': './build/inner.js' },
    });
    put(folder, `work/node_modules/${NAME}/build/extra.js`, 'require("node:fs"); require("path");');
    put(folder, `work/node_modules/${NAME}/build/inner.js`, 'console.log("helped")');
    expect(run(program('work'), '/')).toEqual(LOADED);
  });

  asTwo('is loaded with what it requires when root has installed all and another user runs it', () => {
    install(HELPED);
    helper('work/node_modules');
    chmodSync(folder, 0o755);
    const become = put(folder, 'become.js', `process.setgid(${OTHER}); process.setuid(${OTHER});`);
    expect(run(program('work'), '/', { NODE_OPTIONS: `--require ${become}` })).toEqual(LOADED);
  });

  asTwo('is loaded with what it requires when root runs what another user has installed, script and packages', () => {
    install(HELPED);
    helper('work/node_modules');
    const script = program('work');
    chmodSync(folder, 0o755);
    for (const one of ['', 'work/node_modules/helper', 'work/node_modules', 'work', 'work/app.js'])
      chownSync(path.join(folder, one), OTHER, OTHER);
    expect(run(script, '/')).toEqual(LOADED);
  });
});

describe('an instrumentation of OpenTelemetry that cannot be loaded', () => {
  it('takes one line of the log, without what would steer a terminal', () => {
    install('throw new Error("one\\n\\u001b[31mskyanchor error: two")');
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toBe(
      "skyanchor error: an instrumentation of OpenTelemetry's failed: one  [31mskyanchor error: two\n",
    );
  });
});

describe('hono, which the application names', () => {
  const SHOP = { name: 'shop', dependencies: { hono: '4' } };
  /** As much of it as the agent loads. */
  function hono(where: string, says: string): void {
    put(folder, `${where}/hono/package.json`, { main: 'dist/cjs/index.js' });
    put(folder, `${where}/hono/dist/cjs/index.js`, '');
    const router = `console.log('${says}'); exports.SmartRouter = class { match() {} };`;
    put(folder, `${where}/hono/dist/router/smart-router/router.js`, router);
  }

  asTwo('does not hold up the start when another user has planted one whose package.json is a pipe', () => {
    asOther('mkdir -p node_modules/hono && mkfifo node_modules/hono/package.json', folder);
    put(folder, 'work/package.json', SHOP);
    expect(run(program('work'), '/')).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('does not hold up the start when an empty folder of ours lies below that one', () => {
    asOther('mkdir -p node_modules/hono && mkfifo node_modules/hono/package.json', folder);
    mkdirSync(path.join(folder, 'work/node_modules/hono'), { recursive: true });
    put(folder, 'work/package.json', SHOP);
    expect(run(program('work'), '/')).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('is not loaded when an empty folder of ours lies below the link of that user, and the log says why', () => {
    hono('uploads', 'planted');
    asOther('ln -s uploads node_modules', folder);
    mkdirSync(path.join(folder, 'work/node_modules/hono'), { recursive: true });
    put(folder, 'work/package.json', SHOP);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/hono is not loaded: .* is reached by .*node_modules, which belongs to user 4711/);
  });

  asTwo('is loaded where it is installed, whatever another user has planted above', () => {
    hono('uploads', 'planted');
    asOther('ln -s uploads node_modules', folder);
    hono('work/node_modules', 'ours');
    put(folder, 'work/package.json', SHOP);
    expect(run(program('work'), '/')).toEqual({ status: 0, said: 'ours\nran\n', stderr: '' });
  });
});

it('hooks of the application get all that Node.js hands to its loader while an instrumentation is loaded', () => {
  const lookups = `require('module')._findPath('a', [], false, 'more');
    require('module')._resolveFilename('a', module, false, {}, 'more');`;
  install(`${CODE} ${lookups}`);
  const spy = put(
    folder,
    'spy.js',
    `const Module = require('module');
    for (const name of ['_load', '_resolveFilename', '_findPath']) {
      const own = Module[name];
      Module[name] = function (...args) {
        if (args.at(-1) !== 'more') return own.apply(this, args);
        console.log(name, args.length);
        return 'stub';
      };
    }`,
  );
  const script = program('work');
  put(folder, 'work/app.js', `require('module')._load('/a.js', undefined, false, 'more'); require('stock');`);
  const { status, said } = run(script, '/', { NODE_OPTIONS: `--require ${spy}` });
  expect([status, said]).toEqual([0, '_load 4\nloaded\n_findPath 4\n_resolveFilename 5\n']);
});

describe('a package.json above the working directory that leads to a file of /proc without end', () => {
  /** One that requires the agent itself: for `--require` Node would read that package.json, too. */
  function start(): { readonly status: number | null; readonly said: string; readonly stderr: string } {
    put(folder, 'work/package.json', {});
    const script = put(folder, 'work/app.js', `require(${JSON.stringify(REGISTER)}); console.log("ran");`);
    // What grew without end would take the machine with it.
    const command = 'ulimit -v 2500000; exec "$0" "$1"';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, script], {
      cwd: path.join(folder, 'home'),
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, said: stdout, stderr };
  }

  asTwo('does not end a program that starts there, by a link of another user', () => {
    asOther('mkdir home && ln -s /proc/self/pagemap home/package.json', folder);
    expect(start()).toEqual({ status: 0, said: 'ran\n', stderr: '' });
  });

  it('does not end a program that starts there, by a link of ours', () => {
    mkdirSync(path.join(folder, 'home'));
    symlinkSync('/proc/self/pagemap', path.join(folder, 'home', 'package.json'));
    expect(start()).toEqual({ status: 0, said: 'ran\n', stderr: '' });
  });
});

describe('a file that was found, and not named', () => {
  afterEach(() => jest.restoreAllMocks());

  asTwo('is not opened where it is of another user: of some devices that alone is heard', () => {
    asOther('mkdir home && echo {} > home/package.json && echo {} > home/skyanchor.config.json', folder);
    const cwd = path.join(folder, 'home');
    const open = jest.spyOn(fs, 'openSync');
    const { folders } = findApplication(undefined, cwd);
    const { refusals } = readFileBeside([cwd], undefined);
    expect(open.mock.calls.map(([file]) => file)).not.toContainEqual(expect.stringContaining(cwd));
    // That it is there is seen, and said.
    expect(folders).toContain(cwd);
    expect(refusals).toEqual([
      expect.stringMatching(/is ignored: it is reached by .*home, which belongs to user 4711/),
    ]);
  });
});

describe("a package.json above a bundle that holds OpenTelemetry's API, which asks for its own version", () => {
  const THEIRS = { name: '@opentelemetry/api', version: '1.9.9' };
  let open: jest.SpyInstance<number, Parameters<typeof fs.openSync>>;
  let undo: () => void;

  beforeEach(() => {
    undo = registerApis(() => ({}));
    open = jest.spyOn(fs, 'openSync');
  });

  afterEach(() => {
    open.mockRestore();
    undo();
  });

  /** As it does when the application registers its own meters. */
  function versionFor(bundle: string): unknown {
    const ask = runInThisContext('(api) => (api.diag, api.version)', { filename: bundle }) as (api: unknown) => unknown;
    return ask(Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1')));
  }

  const opened = (): readonly unknown[] => open.mock.calls.map(([file]) => file).filter((file) => String(file).startsWith(folder)); // prettier-ignore

  asTwo('is not opened where it is of another user, or a link of that user leads to it', () => {
    put(folder, 'own/package.json', THEIRS);
    asOther(`echo '${JSON.stringify(THEIRS)}' > package.json`, folder);
    expect(versionFor(put(folder, 'app/bundle.js', ''))).toBe(API_VERSION);
    asOther('rm package.json && ln -s own/package.json package.json', folder);
    expect(versionFor(put(folder, 'app/other-bundle.js', ''))).toBe(API_VERSION);
    expect(opened()).toEqual([]);
  });

  asTwo('counts where it belongs to the user to whom the bundle does', () => {
    asOther(`mkdir home && echo '${JSON.stringify(THEIRS)}' > home/package.json && touch home/bundle.js`, folder);
    expect(versionFor(path.join(folder, 'home/bundle.js'))).toBe('1.9.9');
  });

  it('counts where it is ours', () => {
    put(folder, 'own/package.json', THEIRS);
    expect(versionFor(put(folder, 'own/dist/bundle.js', ''))).toBe('1.9.9');
  });
});

describe('skyanchor doctor, with a node_modules above the working directory', () => {
  async function versions(): Promise<readonly string[]> {
    const env = { SW_AGENT_COLLECTOR_BACKEND_SERVICES: '127.0.0.1:9' };
    const { stdout } = await cli(['doctor', '--json'], { cwd: path.join(folder, 'work'), env });
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return findings.filter(({ check }) => check === 'version').map(({ text }) => text);
  }

  const OLD = { name: 'pg', version: '7.0.0' };
  const library = (name: string): string => path.join(folder, 'node_modules', name);

  asTwo('of another user says so, and reads nothing in it', async () => {
    mkdirSync(path.join(folder, 'work'));
    put(folder, 'theirs.json', OLD);
    asOther(`mkdir -p node_modules/pg node_modules/koa && cp theirs.json node_modules/pg/package.json`, folder);
    asOther('mkfifo node_modules/koa/package.json', folder);
    expect(await versions()).toEqual([
      expect.stringMatching(/koa.package\.json does not count: it .*belongs to user 4711, expected root or this user$/),
    ]);
  });

  it('of ours says what is no file, and does not wait', async () => {
    mkdirSync(path.join(folder, 'work'));
    put(folder, 'node_modules/pg/package.json', OLD);
    for (const name of ['koa', 'redis']) mkdirSync(library(name));
    execFileSync('mkfifo', [path.join(library('koa'), 'package.json')]);
    symlinkSync('/dev/zero', path.join(library('redis'), 'package.json'));
    expect(await versions()).toEqual([
      'pg 7.0.0 is not traced: version out of range, 8.0.3 and later are',
      `${path.join(library('koa'), 'package.json')} does not count: not a regular file`,
    ]);
  });
});

it('an API of OpenTelemetry is registered although there is a pipe in the place of a package.json above', () => {
  const script = put(
    folder,
    'work/app.js',
    `const apis = globalThis[Symbol.for('opentelemetry.js.api.1')];
    void apis.metrics;
    console.log(typeof apis.version);`,
  );
  // Node itself reads the nearest one, to the script and to the working directory.
  put(folder, 'work/package.json', {});
  execFileSync('mkfifo', [path.join(folder, 'package.json')]);
  expect(run(script, path.join(folder, 'work'))).toMatchObject({ status: 0, said: 'string\n' });
});
