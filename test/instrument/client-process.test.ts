import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { transpile } from '../support/transpile';

const run = promisify(execFile);
const modules = transpile(['api', 'base', 'model', 'tracing', 'instrument']);
const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const room = (...parts: string[]): string => JSON.stringify(path.join(modules, ...parts));

/** Every exit span is a line: the path, and whether the server was told of it. */
const AGENT = `
  const { enable } = require(${room('instrument', 'index.js')});
  const { Tracer } = require(${room('tracing', 'tracer.js')});
  const { IdGenerator } = require(${room('tracing', 'id-generator.js')});
  const { systemClock: clock } = require(${room('base', 'clock.js')});
  const told = [];
  const sink = ({ spans }) => {
    for (const { type, operationName } of spans) if (type === 1) console.log(operationName, told.includes(operationName));
  };
  const tracer = new Tracer({ clock, ids: new IdGenerator(clock), sink });
  tracer.inject = (span, into, set) => set(into, 'sw6', span.operationName);
  enable(tracer, { ignoreSuffix: [], ignorePath: ['*'], collectQuery: false, log: console });
`;

/** A server that keeps the headers it gets, and ends with its first request for `/end`. */
const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    told.push(request.headers.sw6);
    response.setHeader('connection', 'close').end();
  });
`;

function file(name: string, text: string): string {
  const where = path.join(folder, name);
  writeFileSync(where, text);
  return where;
}

async function linesOf(...args: string[]): Promise<string[]> {
  const { stdout, stderr } = await run(process.execPath, args, { timeout: 15_000 });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('in a process of its own', () => {
  it('fetch is traced again after the agent was stopped and its channels could be collected', async () => {
    const again = AGENT.replace('  enable(', '  const begin = () => enable(');
    const program = `
      const { setTimeout: sleep } = require('timers/promises');
      ${again} ${SERVER}
      server.listen(0, '127.0.0.1', async () => {
        begin()();
        await sleep(20);
        gc();
        // Loads what publishes.
        await fetch('http://127.0.0.1:' + server.address().port + '/unheard');
        await sleep(20);
        gc();
        await sleep(20);
        begin();
        await fetch('http://127.0.0.1:' + server.address().port + '/heard');
        server.close();
      });
    `;
    expect(await linesOf('--expose-gc', file('again.js', program))).toEqual(['/heard true']);
  });

  it('functions that were taken out of http and https before the agent started are traced, with their headers', async () => {
    const program = `
      const { get, request } = require('http');
      const { get: getTls } = require('https');
      const { fetch } = globalThis;
      ${AGENT} ${SERVER}
      server.listen(0, '127.0.0.1', async () => {
        const { port } = server.address();
        const done = (request) => new Promise((resolve) => request.on('response', (r) => r.resume()).on('error', () => {}).on('close', resolve));
        await done(get({ port, path: '/get' }));
        await done(request('http://127.0.0.1:' + port + '/request').end());
        await done(getTls({ port, path: '/tls' }));
        await (await fetch('http://127.0.0.1:' + port + '/fetch')).text();
        server.close();
      });`;
    // A server without TLS is told nothing by a client that has it.
    expect(await linesOf('-e', program)).toEqual(['/get true', '/request true', '/tls false', '/fetch true']);
  });

  it('the start loads neither https nor undici', async () => {
    const program = `${AGENT} console.log(process.moduleLoadList.filter((one) => /https|undici|tls/.test(one)).join());`;
    expect(await linesOf('-e', program)).toEqual(['']);
  });

  it.each(['undici6', 'undici7'])('%s is traced as ESM and as CommonJS, loaded after the agent', async (name) => {
    const start = file('start.cjs', `${AGENT} globalThis.told = told;`);
    const undici = require.resolve(name);
    const program = file(
      'app.mjs',
      `import { request } from ${JSON.stringify(pathToFileURL(undici).href)};
       import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       ${SERVER}
       const { fetch } = require(${JSON.stringify(undici)});
       server.listen(0, '127.0.0.1', async () => {
         const base = 'http://127.0.0.1:' + server.address().port;
         await (await request(base + '/request')).body.dump();
         await (await fetch(base + '/fetch')).text();
         await (await globalThis.fetch(base + '/global')).text();
         server.close();
       });`,
    );
    expect(await linesOf('--require', start, program)).toEqual(['/request true', '/fetch true', '/global true']);
  });

  it('a fetch whose error is not caught crashes the host as without us', async () => {
    const crash = `fetch('http://127.0.0.1:1/');`;
    const outcome = async (program: string): Promise<{ code: number; stderr: string }> =>
      run(process.execPath, ['-e', program]).then(
        () => ({ code: 0, stderr: '' }),
        (error: unknown) => error as { code: number; stderr: string },
      );
    const [bare, traced] = [await outcome(crash), await outcome(AGENT + crash)];
    expect([bare.code, traced.code]).toEqual([1, 1]);
    expect(/^.*TypeError.*$/m.exec(traced.stderr)?.[0]).toBe(/^.*TypeError.*$/m.exec(bare.stderr)?.[0]);
  });
});
