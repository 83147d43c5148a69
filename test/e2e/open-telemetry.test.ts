import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endApps, REGISTER, startApp } from '../support/app';
import { startCollector, type Collector } from '../../src/testing/index';

const MODULES = path.join(__dirname, '..', '..', 'node_modules');
const INSTRUMENTATION = '@opentelemetry/instrumentation-shelf';

/** A library whose main module has what is to be traced, as ioredis has. */
const SHELF = `
exports.Shelf = class Shelf { async read(key) { await null; return key; } };
console.log('shelf is loaded');
`;

/** An instrumentation as OpenTelemetry's are: it patches a module by way of require, and gets its tracer from the API. */
const SHELF_INSTRUMENTATION = `
const Module = require('node:module');
const { context, trace, SpanKind } = require('@opentelemetry/api');
console.log('instrumentation is loaded');
class ShelfInstrumentation {
  constructor(config) {
    this.tracer = trace.getTracer('shelf');
    this.enable();
  }
  enable() {
    const { tracer } = this;
    const { require: before } = Module.prototype;
    const done = new Set();
    Module.prototype.require = function (id) {
      const exported = before.call(this, id);
      const name = Module._resolveFilename(id, this);
      if (!/node_modules.shelf.index\\.js$/.test(name) || done.has(exported)) return exported;
      done.add(exported);
      const { read } = exported.Shelf.prototype;
      exported.Shelf.prototype.read = function (key) {
        const attributes = { 'db.system.name': 'memcached', 'db.query.text': 'get ' + key, 'server.address': 'shelf' };
        const span = tracer.startSpan('read', { kind: SpanKind.CLIENT, attributes });
        return context.with(trace.setSpan(context.active(), span), () => read.call(this, key)).finally(() => span.end());
      };
      return exported;
    };
  }
  disable() {}
}
exports.ShelfInstrumentation = ShelfInstrumentation;
`;

const TAIL = `
const agent = start();
console.log(JSON.stringify(agent.status().openTelemetry));
await new Shelf().read('book');
await agent.ready(5000);
await agent.flush(5000);
`;
const CJS = `
const { start } = require('skyanchor');
console.log(Object.keys(require.cache).filter((file) => file.includes('@opentelemetry')).length, 'files of OpenTelemetry');
const { Shelf } = require('shelf');
(async () => {${TAIL}})();
`;
const ESM = `import { start } from 'skyanchor'; import { Shelf } from 'shelf';${TAIL}`;

let folder: string;
let collector: Collector;

function write(file: string, content: string | object): void {
  const to = path.join(folder, file);
  mkdirSync(path.dirname(to), { recursive: true });
  writeFileSync(to, typeof content === 'string' ? content : JSON.stringify(content));
}

function install(dependencies: Record<string, string>): void {
  write('package.json', { name: 'shop', dependencies });
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-otel-'));
  write(
    'node_modules/skyanchor/index.js',
    `module.exports = require(${JSON.stringify(REGISTER.replace('register.js', 'index.js'))});`,
  );
  write('node_modules/skyanchor/package.json', { name: 'skyanchor', main: 'index.js' });
  write('node_modules/shelf/package.json', { name: 'shelf', main: 'index.js' });
  write('node_modules/shelf/index.js', SHELF);
  write(`node_modules/${INSTRUMENTATION}/package.json`, { name: INSTRUMENTATION, main: 'index.js' });
  write(`node_modules/${INSTRUMENTATION}/index.js`, SHELF_INSTRUMENTATION);
  cpSync(path.join(MODULES, 'otel-api-1-9'), path.join(folder, 'node_modules/@opentelemetry/api'), { recursive: true });
  write('app.js', CJS);
  write('app.mjs', ESM);
  collector = await startCollector({ port: 0, protocol: 'v3' });
});

afterEach(async () => {
  await endApps();
  await collector.wipe();
});

afterAll(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(flag: string, script: string, env: Record<string, string> = {}): Promise<string[]> {
  const app = startApp(path.join(folder, script), {
    nodeFlags: [flag, REGISTER],
    cwd: folder,
    env: { SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, SW_AGENT_LOGGING_LEVEL: 'info', ...env },
  });
  expect(await app.ended).toMatchObject({ code: 0 });
  stderr = app.stderr;
  return app.stdout.trim().split('\n');
}

let stderr: string;

function shown(): unknown {
  return collector.segments().flatMap(({ spans }) => spans.map(({ operationName, peer }) => [operationName, peer]));
}

describe('an instrumentation of OpenTelemetry that the application has installed', () => {
  it.each([
    ['--require', 'app.js', ['0 files of OpenTelemetry']],
    ['--import', 'app.mjs', []],
  ])('is loaded when its library is, before it, and traces it: %s %s', async (flag, script, first) => {
    install({ shelf: '1', [INSTRUMENTATION]: '1' });
    expect(await run(flag, script)).toEqual([
      ...first,
      'instrumentation is loaded',
      'shelf is loaded',
      JSON.stringify({ provider: 'skyanchor', reason: null, instrumentations: [INSTRUMENTATION] }),
    ]);
    expect(shown()).toEqual([['Memcached/get', 'shelf:11211']]);
    expect(stderr).not.toMatch(/warn|error|Warning/i);
  });

  it.each([
    ['it is not named', {}, {}, { provider: 'skyanchor', reason: null }],
    [
      'it is named and not installed',
      { '@opentelemetry/instrumentation-mongodb': '1' },
      {},
      { provider: 'skyanchor', reason: null },
    ],
    [
      'that is switched off',
      { [INSTRUMENTATION]: '1' },
      { SW_AGENT_OPENTELEMETRY: 'false' },
      { provider: null, reason: 'openTelemetry is false' },
    ],
    [
      'the application has an SDK of its own',
      { [INSTRUMENTATION]: '1', '@opentelemetry/sdk-node': '1' },
      {},
      { provider: 'application', reason: 'package.json names @opentelemetry/sdk-node' },
    ],
  ])('is not loaded where %s', async (_why, dependencies, env, status) => {
    install(dependencies);
    expect(await run('--require', 'app.js', env)).toEqual([
      '0 files of OpenTelemetry',
      'shelf is loaded',
      JSON.stringify({ ...status, instrumentations: [] }),
    ]);
    expect(shown()).toEqual([]);
    const line = "OpenTelemetry's spans are left to the application: package.json names @opentelemetry/sdk-node";
    expect(stderr.includes(line)).toBe(status.provider === 'application');
  });

  it('is loaded where it is asked for by name, whatever package.json names', async () => {
    install({ '@opentelemetry/sdk-node': '1' });
    await run('--require', 'app.js', { SW_AGENT_OPENTELEMETRY: 'shelf' });
    expect(shown()).toEqual([['Memcached/get', 'shelf:11211']]);
  });

  it('that throws leaves the library as it is', async () => {
    write('node_modules/@opentelemetry/instrumentation-broken/index.js', "throw new Error('broken')");
    write('node_modules/@opentelemetry/instrumentation-broken/package.json', { name: 'broken', main: 'index.js' });
    write('node_modules/broken/index.js', "console.log('well')");
    write('broken.js', "require('broken'); require('skyanchor').start().stop();");
    install({ '@opentelemetry/instrumentation-broken': '1' });
    expect(await run('--require', 'broken.js')).toEqual(['well']);
    expect(stderr).toContain("an instrumentation of OpenTelemetry's failed: broken");
  });
});
