import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { transpile } from '../support/transpile';
import type { InstrumentationName } from '../../src/api/options';

const run = promisify(execFile);
const modules = transpile(['api', 'base', 'model', 'tracing', 'instrument']);
let directory: string;

/** As much of the frameworks as makes a request of their own kind out of Node's; they are not installed here. */
const KOA = `
module.exports = class Application {
  callback() {
    return (request, response) => {
      const context = this.createContext(request, response);
      if (request.url.startsWith('/orders/')) context._matchedRoute = '/orders/:id';
      if (request.url.startsWith('/expression')) context._matchedRoute = /^\\/expression/;
      response.end();
    };
  }
  createContext(req, res) {
    return { req, res };
  }
};`;
const HAPI = `
module.exports = class Request {
  constructor(req, res) {
    this.raw = { req, res };
    this.route = { method: '_special', path: '/{p*}' };
  }
  async _execute() {
    if (this.raw.req.url.startsWith('/orders/')) this.route = { method: 'get', path: '/orders/{id}' };
    this.raw.res.end();
  }
};`;

/** The router of either build of hono's, and how hono asks it. */
const HONO_ROUTER = `SmartRouter = class {
  match(method, path) {
    this.match = (method, path) => {
      const middleware = ['handler', { method: 'ALL', path: '/*' }];
      const all = ['handler', { method: 'ALL', path: '/expression/*' }];
      const order = [['handler', { method: 'GET', path: '/orders/:id' }], ['handler', { method: 'GET', path: '/:any/7' }]];
      const found = path.startsWith('/orders/') ? order : path.startsWith('/expression') ? [all] : [];
      return [[middleware, ...found].map((handler) => [handler, {}])];
    };
    return this.match(method, path);
  }
}`;
const HONO = `Hono = class {
  router = new SmartRouter();
  listen(request, response) {
    this.router.match(request.method, request.url);
    response.end();
  }
}`;

/** Each a listener, made of what `load` loads. */
const LISTENERS = {
  koa: `new (await load('koa'))().callback()`,
  hapi: `((Request) => (request, response) => new Request(request, response)._execute())(await load('@hapi/hapi'))`,
  hono: `((hono) => (request, response) => hono.listen(request, response))(new (await load('hono')).Hono())`,
  polka: `(request, response) => {
    const [, of, id] = request.url.split('/');
    request.params = of === 'orders' ? { id: decodeURIComponent(id) } : {};
    response.end();
  }`,
  restify: `(request, response) => {
    if (request.url.startsWith('/orders/')) request.route = { path: '/orders/:id', method: 'GET' };
    response.end();
  }`,
};

function file(name: string, content: string): void {
  mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
  writeFileSync(path.join(directory, name), content);
}

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'frameworks-'));
  for (const [name, main, code] of [
    ['koa', 'lib/application.js', KOA],
    ['@hapi/hapi', 'lib/request.js', HAPI],
  ] as const) {
    file(`node_modules/${name}/package.json`, JSON.stringify({ name, main }));
    file(`node_modules/${name}/${main}`, code);
  }
  const exports = {
    '.': { import: './dist/index.js', require: './dist/cjs/index.js' },
  };
  file('node_modules/hono/package.json', JSON.stringify({ name: 'hono', type: 'module', exports }));
  file('node_modules/hono/dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }));
  file('node_modules/hono/dist/cjs/router/smart-router/router.js', `exports.${HONO_ROUTER}`);
  file(
    'node_modules/hono/dist/cjs/index.js',
    `const { SmartRouter } = require('./router/smart-router/router.js'); exports.${HONO}`,
  );
  file('node_modules/hono/dist/router/smart-router/router.js', `export const ${HONO_ROUTER}`);
  file(
    'node_modules/hono/dist/index.js',
    `import { SmartRouter } from './router/smart-router/router.js'; export const ${HONO}`,
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/**
 * An application in a process of its own: jest has modules of its own kind. It has had a connection before it loads the
 * framework. @returns the names of its entry spans
 */
async function namesOf(listener: string, load: string, ...disabled: InstrumentationName[]): Promise<unknown> {
  const program = `
import { createRequire } from 'node:module';
import http from 'node:http';
const require = createRequire(import.meta.url);
const ours = (name) => require(${JSON.stringify(modules)} + '/' + name);
const { enable } = ours('instrument');
const { Tracer } = ours('tracing/tracer');
const { IdGenerator } = ours('tracing/id-generator');
const { context, untraced } = ours('tracing/context');
const { systemClock: clock } = ours('base/clock');
const load = ${load};
const names = [];
const sink = ({ spans }) => names.push(...spans.map((span) => span.operationName));
const log = { error: console.error, warn: console.error, info() {}, debug() {} };
const tracer = new Tracer({ clock, ids: new IdGenerator(clock), sink });
const packages = { names: ['hono'], folders: [${JSON.stringify(directory)}], loadRules: () => () => undefined };
const options = { ignoreSuffix: [], ignorePath: [], collectQuery: false, log, packages, disable: ${JSON.stringify(disabled)} };
const disable = enable(tracer, options);
async function serve(listener, ...paths) {
  const server = http.createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const path of paths) {
    await context.run(untraced, () => new Promise((resolve) => {
      const options = { port: server.address().port, path, agent: false };
      http.get(options, (response) => response.resume().on('close', resolve));
    }));
  }
  server.close();
}
await serve((request, response) => response.end(), '/before');
const listener = ${listener};
await serve(listener, '/orders/7', '/orders/a%20b', '/expression-7', '/nowhere');
disable();
await serve(listener, '/orders/7');
console.log(JSON.stringify(names));`;
  const main = path.join(directory, 'app.mjs');
  writeFileSync(main, program);
  const { stdout, stderr } = await run(process.execPath, [main], { timeout: 20_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const LOADS = {
  require: '(name) => require(name)',
  import: '(name) => import(name).then((exports) => exports.default ?? exports)',
};

describe('the name of a request', () => {
  it.each(Object.entries(LOADS))('is its route in koa, loaded by %s', async (_by, load) => {
    expect(await namesOf(LISTENERS.koa, load)).toEqual([
      '/before',
      '/orders/:id',
      '/orders/:id',
      String.raw`/^\/expression/`,
      '/nowhere',
    ]);
  });

  it.each(Object.entries(LOADS))('is its route in hapi, loaded by %s', async (_by, load) => {
    const names = ['/before', '/orders/{id}', '/orders/{id}', '/expression-7', '/nowhere'];
    expect(await namesOf(LISTENERS.hapi, load)).toEqual(names);
  });

  it.each(Object.entries(LOADS))('is its route in hono, the first that is one, loaded by %s', async (_by, load) => {
    const names = ['/before', '/orders/:id', '/orders/:id', '/expression-7', '/nowhere'];
    expect(await namesOf(LISTENERS.hono, load)).toEqual(names);
  });

  it.each(['polka', 'restify'] as const)(
    'is its route in %s, which leaves what tells it on the request',
    async (name) => {
      const names = ['/before', '/orders/:id', '/orders/:id', '/expression-7', '/nowhere'];
      expect(await namesOf(LISTENERS[name], LOADS.require)).toEqual(names);
    },
  );

  it.each(['koa', 'hapi', 'hono', 'polka', 'restify'] as const)(
    'is its path in %s, when that is disabled',
    async (name) => {
      const paths = ['/before', '/orders/7', '/orders/a%20b', '/expression-7', '/nowhere'];
      const disabled = name === 'restify' ? 'express' : name;
      expect(await namesOf(LISTENERS[name], LOADS.require, disabled)).toEqual(paths);
    },
  );

  it('is its route in hapi, when koa alone is disabled', async () => {
    const names = ['/before', '/orders/{id}', '/orders/{id}', '/expression-7', '/nowhere'];
    expect(await namesOf(LISTENERS.hapi, LOADS.require, 'koa')).toEqual(names);
  });
});
