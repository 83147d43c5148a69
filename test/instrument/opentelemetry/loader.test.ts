import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { transpile } from '../../support/transpile';

const run = promisify(execFile);
const modules = transpile(['api', 'base', 'model', 'tracing', 'instrument']);
const instrumentationOf = (library: string): string => `@opentelemetry/instrumentation-${library}`;
const NONE = 'exports.NoInstrumentation = class { enable() {} };';
let folder: string;

function install(name: string, code: string): void {
  const to = path.join(folder, 'node_modules', name);
  mkdirSync(to, { recursive: true });
  writeFileSync(path.join(to, 'index.js'), code);
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-loader-'));
  install('kafkajs', 'exports.Kafka = class Kafka {};');
  install('shelf', '');
  for (const library of ['kafkajs', 'shelf']) install(instrumentationOf(library), NONE);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process in which another has patched `require` before: then no instrumentation patches it once more. @returns what was shown */
async function shown(...steps: readonly string[]): Promise<unknown> {
  const program = `
const Module = require('node:module');
const original = Module.prototype.require;
const theirs = (Module.prototype.require = function (id) { return original.call(this, id); });
const { _load } = Module;
const loaders = [];
const results = [];
function make(...libraries) {
  for (const file of Object.keys(require.cache)) if (file.startsWith(${JSON.stringify(modules)})) delete require.cache[file];
  const { InstrumentationLoader } = require(${JSON.stringify(modules)} + '/instrument/opentelemetry/loader');
  const loader = new InstrumentationLoader({
    folders: [${JSON.stringify(folder)}],
    packages: libraries.map((library) => '@opentelemetry/instrumentation-' + library),
    tracedByUs: new Set(),
    loadRules: () => () => undefined,
    log: { error: console.error, warn: console.error, info() {}, debug() {} },
    onBrokers: (brokers) => show(brokers.join()),
  });
  loaders.push(loader);
}
const show = (result) => results.push(result);
const loaded = (n) => loaders[n].loaded.map((name) => name.split('-').at(-1)).join();
const isAsBefore = () => Module.prototype.require === theirs && Module._load === _load;
const connect = (broker) => new (require('kafkajs').Kafka)({ brokers: [broker] });
(async () => {
${steps.join(';\n')}
console.log(JSON.stringify(results));
})();`;
  const main = path.join(folder, 'app.js');
  writeFileSync(main, program);
  const { stdout, stderr } = await run(process.execPath, [main], { timeout: 20_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('the loader of instrumentations, where others have patched require before', () => {
  it('loads those of libraries that are required after kafkajs', async () => {
    const steps = [`make('kafkajs', 'shelf')`, `require('kafkajs')`, `require('shelf')`, 'show(loaded(0))'];
    expect(await shown(...steps)).toEqual(['kafkajs,shelf']);
  });

  it.each([
    ['by require', `connect('a:9092')`],
    ['by import', `new (await import('kafkajs')).Kafka({ brokers: ['a:9092'] })`],
  ])('sees the brokers of kafkajs, loaded %s, when that is the last, and the first', async (_how, connects) => {
    const made = await shown(`make('kafkajs')`, connects, `connect('b:9092')`);
    expect(made).toEqual(['a:9092', 'b:9092']);
    expect(await shown(`make('kafkajs', 'shelf')`, connects, `require('shelf')`, `connect('b:9092')`)).toEqual(made);
  });

  it('leaves everything as it was once there is nothing to be loaded any more', async () => {
    const steps = [`make('shelf')`, 'show(isAsBefore())', `require('shelf')`, 'show(isAsBefore())'];
    expect(await shown(...steps)).toEqual([false, true]);
  });

  it.each([`require('shelf')`, ''])('leaves everything as it was when it stops after kafkajs: %s', async (next) => {
    const steps = [`make('kafkajs', 'shelf')`, `require('kafkajs')`, next, 'loaders[0].stop()', 'show(isAsBefore())'];
    expect(await shown(...steps)).toEqual([true]);
  });

  it.each(['', `require('kafkajs')`])(
    'is taken off by that of a second copy of this package, after %s',
    async (before) => {
      const steps = [`make('kafkajs', 'shelf')`, before, `make('kafkajs', 'shelf')`, `require('shelf')`];
      const after = ['show(loaded(1))', `show(loaded(0).includes('shelf'))`, 'loaders[1].stop()', 'show(isAsBefore())'];
      expect(await shown(...steps, ...after)).toEqual(['shelf', false, true]);
    },
  );
});
