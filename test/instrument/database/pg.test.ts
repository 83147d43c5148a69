import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { transpile } from '../../support/transpile';

const run = promisify(execFile);
const modules = transpile(['api', 'base', 'model', 'tracing', 'instrument']);
let directory: string;

/** As much of pg as queues a query and answers it, out of the scope of whoever asked; the real one is in test/libraries. */
const CLIENT = `
const { EventEmitter } = require('node:events');
const waiting = [];
setInterval(() => waiting.shift()?.(), 1).unref();
class Query extends EventEmitter {
  constructor(config, values, callback) {
    super();
    this.text = config.text ?? config;
    this.values = typeof values === 'function' ? undefined : values;
    this.callback = typeof values === 'function' ? values : callback;
  }
  submit() {}
  handleReadyForQuery() {
    this.callback?.(null, this.text);
    this.emit('end', this.text);
  }
  handleError(error) {
    if (this.callback) this.callback(error);
    else this.emit('error', error);
  }
}
module.exports = class Client {
  static Query = Query;
  host = '127.0.0.1';
  port = 5432;
  database = 'orders';
  _queryQueue = [];
  connect(callback) {
    waiting.push(() => callback(null, this));
  }
  end(callback) {
    waiting.push(callback);
  }
  query(config, values, callback) {
    const isGiven = typeof config.submit === 'function';
    const query = isGiven ? config : new Query(config, values, callback);
    let result = isGiven ? query : undefined;
    if (!isGiven && !query.callback)
      result = new Promise((resolve, reject) => {
        query.callback = (error, value) => (error ? reject(error) : resolve(value));
      });
    this._queryQueue.push(query);
    this._pulseQueryQueue();
    return result;
  }
  _pulseQueryQueue() {
    if (this.active) return;
    const query = (this.active = this._queryQueue.shift());
    if (!query) return;
    waiting.push(() => {
      this.active = undefined;
      if (query.text.includes('nothing')) query.handleError(new Error('there is nothing'));
      else query.handleReadyForQuery();
      this._pulseQueryQueue();
    });
  }
};`;
const POOL = `
const Client = require('pg/lib/client.js');
module.exports = class Pool {
  _idle = [];
  queue = [];
  connect(callback) {
    const result = callback ? undefined : new Promise((resolve) => (callback = (_error, client) => resolve(client)));
    this.queue.push(callback);
    if (!this.client) (this.client = new Client()).connect(() => this.release());
    else if (this._idle.length > 0) process.nextTick(() => this.next());
    return result;
  }
  release() {
    this._idle = [this.client];
    this.next();
  }
  next() {
    const callback = this._idle.length > 0 && this.queue.shift();
    if (!callback) return;
    this._idle = [];
    callback(null, this.client);
  }
  query(text, values, callback) {
    this.connect((_error, client) => {
      client.query(text, values, (error, result) => {
        this.release();
        callback(error, result);
      });
    });
  }
  end(callback) {
    this.client.end(callback);
  }
};`;
const INDEX = `
exports.Client = require('./client');
exports.Pool = require('pg-pool');
exports.Query = exports.Client.Query;
exports.types = require('./types');`;

function file(name: string, content: string): void {
  mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
  writeFileSync(path.join(directory, name), content);
}

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'pg-'));
  file('node_modules/pg/package.json', JSON.stringify({ name: 'pg', main: 'lib/index.js' }));
  file('node_modules/pg/lib/index.js', INDEX);
  file('node_modules/pg/lib/client.js', CLIENT);
  file('node_modules/pg/lib/types.js', '');
  file('node_modules/pg-pool/package.json', JSON.stringify({ name: 'pg-pool', main: 'index.js' }));
  file('node_modules/pg-pool/index.js', POOL);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const LOADS = {
  require: `require('pg')`,
  import: `(await import('pg')).default`,
};

/**
 * An application in a process of its own: jest has modules of its own kind.
 * @param body calls `say` for what the test is to look at; `here()` is the name of the work that runs
 */
async function said(body: string, load: keyof typeof LOADS = 'require', more = '{}'): Promise<unknown> {
  const program = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const ours = (name) => require(${JSON.stringify(modules)} + '/' + name);
const { enable } = ours('instrument');
const { Tracer } = ours('tracing/tracer');
const { IdGenerator } = ours('tracing/id-generator');
const { context, untraced } = ours('tracing/context');
const { systemClock: clock } = ours('base/clock');
const all = [];
const say = (...things) => all.push(...things);
const spans = [];
const tracer = new Tracer({ clock, ids: new IdGenerator(clock), sink: (segment) => spans.push(...segment.spans) });
const log = { error: say, warn: say, info() {}, debug() {} };
const disable = enable(tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log, ...${more} });
const pg = ${LOADS[load]};
const here = () => context.getStore()?.operationName ?? String(context.getStore());
const inWork = (name, work) => tracer.trace(name, () => new Promise((resolve) => void work(resolve)));
const show = ({ operationName, parentSpanId, isError }) => [operationName, parentSpanId, isError];
const alive = setInterval(() => undefined, 1000);
${body}
clearInterval(alive);
console.log(JSON.stringify(all));`;
  const main = path.join(directory, 'app.mjs');
  writeFileSync(main, program);
  const { stdout, stderr } = await run(process.execPath, [main], { timeout: 20_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('a query of pg', () => {
  it.each(['require', 'import'] as const)('is an exit span of the work that asked, loaded by %s', async (load) => {
    const body = `
const client = new pg.Client();
await inWork('work', (done) => client.query('select $1', [1]).then(done));
const [{ peer, layer, componentId, tags, type, parentSpanId, operationName }] = spans;
say({ peer, layer, componentId, tags, type, parentSpanId, operationName });`;
    const tags = ['db.type', 'PostgreSQL', 'db.instance', 'orders', 'db.statement', 'select $1'];
    const place = { peer: '127.0.0.1:5432', layer: 1, componentId: 22, type: 1, parentSpanId: 0 };
    expect(await said(body, load)).toEqual([{ ...place, tags, operationName: 'PostgreSQL/SELECT' }]);
  });

  it('has its parameters where they are asked for, as long as they may be', async () => {
    const body = `
await new pg.Client().query('select $1', ['abcdefgh', 2]);
say(spans[0].tags.slice(-2));`;
    const options = '{ sqlParameters: true, sqlParametersMaxLength: 6 }';
    expect(await said(body, 'require', options)).toEqual([['db.sql.parameters', "['abcd"]]);
  });

  it('that fails is an error, and its callback runs in the work that asked', async () => {
    const body = `
const client = new pg.Client();
await inWork('work', (done) => client.query('select nothing', (error) => {
  say(error.message, here());
  done();
}));
say(show(spans[0]));`;
    expect(await said(body)).toEqual(['there is nothing', 'work', ['PostgreSQL/SELECT', 0, true]]);
  });

  it.each([
    ['a pool of one', 'new pg.Pool()'],
    ['one client', 'new pg.Client()'],
  ])('on %s calls back in the work that asked, whichever is answered before', async (_on, made) => {
    const body = `
const one = ${made};
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
await Promise.all(names.map((name) => inWork(name, (done) => one.query('select 1', [], () => {
  say(name === here());
  done();
}))));
await new Promise((resolve) => one.query('select 2', [], () => resolve(say(here()))));
say(spans.filter(({ operationName }) => operationName === 'PostgreSQL/SELECT').every(({ segment }) => segment.root.operationName !== 'PostgreSQL/SELECT' || segment.spans.length === 1));`;
    expect(await said(body)).toEqual([...Array<boolean>(8).fill(true), 'undefined', true]);
  });

  it('that waits for a connection of the pool has a local span for that, and one that finds one free has none', async () => {
    const body = `
const pool = new pg.Pool();
const work = (name) => inWork(name, (done) => pool.query('select 1', [], done));
await Promise.all([work('opens'), work('waits')]);
await work('finds');
for (const root of ['opens', 'waits', 'finds'])
  say(spans.filter(({ segment }) => segment.root.operationName === root).map(({ operationName }) => operationName).sort().join());`;
    expect(await said(body)).toEqual([
      'PostgreSQL/SELECT,PostgreSQL/connect,opens',
      'PostgreSQL/SELECT,PostgreSQL/connect,waits',
      'PostgreSQL/SELECT,finds',
    ]);
  });

  it('that the application has made emits in the work that submitted it, and shows nothing of ours', async () => {
    const body = `
const client = new pg.Client();
const query = new pg.Query('select 1');
const keys = () => [...Object.keys(query), ...Object.getOwnPropertySymbols(query)].map(String).join();
const before = keys();
await inWork('work', (done) => {
  say(client.query(query) === query);
  query.once('end', () => {
    say(here(), keys() === before);
    done();
  });
});
await inWork('again', (done) => client.query(query).once('end', () => {
  say(here());
  done();
}));
say(spans.map(show));`;
    const spans = [
      ['PostgreSQL/SELECT', 0, false],
      ['work', -1, false],
      ['PostgreSQL/SELECT', 0, false],
      ['again', -1, false],
    ];
    expect(await said(body)).toEqual([true, 'work', true, 'again', spans]);
  });

  it('that the application has made, and that never ends, does not hold back the work that submitted it', async () => {
    const body = `
const client = new pg.Client();
await inWork('work', (done) => done(client.query(new pg.Query('select 1'))));
say(spans.length);
tracer.sendLingering();
say(spans.map(show));`;
    expect(await said(body)).toEqual([0, [['work', -1, false]]]);
  });

  it('in work that is not traced has no span, and calls back in that work', async () => {
    const body = `
const client = new pg.Client();
await context.run(untraced, () => new Promise((resolve) => client.query('select 1', () => resolve(say(here())))));
say(spans.length);`;
    expect(await said(body)).toEqual(['Symbol(untraced)', 0]);
  });

  it('has no span after the instrumentation is disabled, and every method of pg is as it was', async () => {
    const body = `
const methods = () => [pg.Client, pg.Client.Query, pg.Pool].flatMap(({ prototype }) =>
  Object.getOwnPropertyNames(prototype).map((name) => prototype[name].toString()));
const patched = methods();
disable();
say(methods().join() === patched.join(), methods().join().includes('layer'));
await inWork('work', (done) => new pg.Client().query('select 1').then(done));
say(spans.map(show));`;
    expect(await said(body)).toEqual([false, false, [['work', -1, false]]]);
  });
});
