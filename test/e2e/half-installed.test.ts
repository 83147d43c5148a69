import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { endApps, startApp } from '../support/app';

const ROOT = path.join(__dirname, '..', '..');
const INSTALLED = path.join(ROOT, 'node_modules');
const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

let collector: Collector;
let project: string;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 0 });
  project = mkdtempSync(path.join(tmpdir(), 'skyanchor-half-installed-'));
});

afterEach(async () => {
  await endApps();
  await collector.stop();
  rmSync(project, { recursive: true, force: true });
});

/** A project with skyanchor and every package that it depends on, but for one. @returns its application */
function install(missing: string): string {
  const own = path.join(project, 'node_modules', 'skyanchor');
  cpSync(path.join(ROOT, 'dist'), path.join(own, 'dist'), { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(own, 'package.json'));
  for (const name of Object.keys(dependencies).filter((other) => other !== missing)) {
    const link = path.join(project, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(INSTALLED, name), link, 'junction');
  }
  const app = path.join(project, 'app.js');
  cpSync(path.join(ROOT, 'fixtures', 'apps', 'half-installed.js'), app);
  return app;
}

describe('an application where a package is missing', () => {
  it.each([
    ['uuid', 'uuid'],
    ['@grpc/grpc-js', '@grpc/grpc-js'],
    ['protobufjs', 'protobufjs/minimal'],
  ])('runs untraced without %s, and one line says why', async (missing, id) => {
    const app = startApp(install(missing), { env: { BACKEND: collector.address } });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(app.stderr).toBe(`skyanchor error: the application runs untraced: Cannot find module '${id}'\n`);
    expect(JSON.parse(app.stdout)).toEqual({
      called: 'made',
      ready: { name: 'AgentError', code: 'STOPPED' },
      answer: 'undefined',
      phase: 'stopped',
      accepted: 1,
      isSame: true,
    });
    expect(collector.instances()).toEqual([]);
  });

  it('goes on where a file of ours that it asks for later is missing, and one line says why', async () => {
    const app = install('');
    rmSync(path.join(project, 'node_modules', 'skyanchor', 'dist', 'instrument', 'logs'), { recursive: true });
    writeFileSync(
      app,
      `const agent = require('skyanchor').start({ serviceName: 'orders', backends: process.env.BACKEND });
      agent.correlateLogs();
      agent.ready().then(() => { console.log(agent.status().registration.phase); process.exit(0); });`,
    );
    const running = startApp(app, { env: { BACKEND: collector.address } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout).toBe('registered\n');
    const line = "the lines of loggers get no ids: Cannot find module './instrument/logs/loggers.js'";
    expect(running.stderr.split('\n')).toEqual([`skyanchor error: ${line}`, '']);
  });

  it('goes on where the code for its database is missing, and one line says why, however many calls there are', async () => {
    const app = install('');
    rmSync(path.join(project, 'node_modules', 'skyanchor', 'dist', 'instrument', 'database', 'mysql2.js'));
    writeFileSync(
      app,
      `const agent = require('skyanchor').start({ serviceName: 'orders', backends: process.env.BACKEND });
      const { tracingChannel } = require('node:diagnostics_channel');
      const call = () => tracingChannel('mysql2:query').tracePromise(async () => 'row', { query: 'select 1' });
      Promise.all([call(), call(), agent.ready()]).then(([first, second]) => {
        console.log(first, second, agent.status().registration.phase);
        process.exit(0);
      });`,
    );
    const running = startApp(app, { env: { BACKEND: collector.address } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout).toBe('row row registered\n');
    const line = "calls of mysql2 are not traced: Cannot find module './instrument/database/mysql2.js'";
    expect(running.stderr.split('\n')).toEqual([`skyanchor error: ${line}`, '']);
  });

  it('runs untraced where code of ours that a registration needs is missing, and one line says why', async () => {
    const app = install('');
    const missing = path.join('dist', 'protocol', 'registration', 'properties.js');
    rmSync(path.join(project, 'node_modules', 'skyanchor', missing));
    const running = startApp(app, { env: { BACKEND: collector.address } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    const reason = "Cannot find module './protocol/registration/properties.js'";
    expect(running.stderr).toBe(`skyanchor error: the application runs untraced: ${reason}\n`);
    expect(JSON.parse(running.stdout)).toMatchObject({ ready: { code: 'STOPPED' }, phase: 'stopped' });
  });

  it('registers where code for the spans of OpenTelemetry is missing, whose API then does nothing, and one line says why', async () => {
    const app = install('');
    rmSync(path.join(project, 'node_modules', 'skyanchor', 'dist', 'instrument', 'database', 'statement.js'));
    writeFileSync(
      app,
      `const agent = require('skyanchor').start({ serviceName: 'orders', backends: process.env.BACKEND });
      const api = globalThis[Symbol.for('opentelemetry.js.api.1')];
      agent.ready().then(() => {
        console.log(api.trace, api.context, api.propagation, agent.status().registration.phase);
        process.exit(0);
      });`,
    );
    const running = startApp(app, { env: { BACKEND: collector.address } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout).toBe('undefined undefined undefined registered\n');
    const line = "spans of OpenTelemetry are not traced: Cannot find module '../database/statement'";
    expect(running.stderr.split('\n')).toEqual([`skyanchor error: ${line}`, '']);
  });

  it('needs no package to be required and to be told that it is disabled', async () => {
    const app = startApp(install('uuid'), { env: { SW_DISABLE: 'true' } });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(app.stderr).toBe('');
  });
});

it('is required whole by literal paths, which bundlers and file tracers follow', () => {
  const start = readFileSync(path.join(ROOT, 'dist', 'start-path.js'), 'utf8');
  const ids = [...start.matchAll(/(?<!\.)\brequire\(([^)]*)\)/g)].map(([, id]) => id);
  expect(ids).toEqual(expect.arrayContaining(["'./protocol/backend.js'", "'uuid'"]));
  for (const id of ids) expect(id).toMatch(/^(['"])[\w@./:-]+\1$/);
});

it.each([
  ['mysql2/index.js', ['data-spans.js', 'mysql2.js', 'statement.js']],
  ['mongoose/lib/index.js', ['data-spans.js', 'mongoose.js', 'statement.js']],
  ['@redis/client/dist/index.js', ['data-spans.js', 'redis-spans.js', 'redis.js', 'statement.js']],
])(
  'loads the code for a database with %s, before its first call, and not with the agent',
  async (library, expected) => {
    const app = install('');
    const file = path.join(project, 'node_modules', library);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
    writeFileSync(
      app,
      `require('skyanchor').start({ serviceName: 'orders', backends: process.env.BACKEND });
    const path = require('node:path');
    const ours = path.join('skyanchor', 'dist', 'instrument', 'database', path.sep);
    const loaded = () => Object.keys(require.cache).filter((name) => name.includes(ours)).map((name) => path.basename(name));
    const before = loaded();
    require(${JSON.stringify(library)});
    setImmediate(() => {
      console.log(JSON.stringify({ before, after: loaded().sort() }));
      process.exit(0);
    });`,
    );
    const running = startApp(app, { env: { BACKEND: collector.address } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(running.stdout)).toEqual({ before: [], after: expected });
  },
);
