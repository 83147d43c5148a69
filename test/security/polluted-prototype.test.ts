import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REGISTER } from '../support/app';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-polluted-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const APP = `
  const http = require('node:http');
  const server = http.createServer((request, response) => response.end());
  server.listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port, agent: false }, (response) => {
      response.resume().on('end', () => setImmediate(() => server.close(() => console.log('served'))));
    });
  });
`;

/** Has a command file: the answer to a command there, and the status file, need a lock. Ends when the command has its answer. */
const WITH_COMMANDS = `
  const fs = require('node:fs');
  const path = require('node:path');
  const commandFile = path.join(__dirname, 'app.command');
  const agent = require(${JSON.stringify(path.join(path.dirname(REGISTER), 'index.js'))}).start({ commandFile, logLevel: 'off' });
  const apis = globalThis[Symbol.for('opentelemetry.js.api.1')];
  const { context } = apis;
  const { default: compat } = require(${JSON.stringify(path.join(path.dirname(REGISTER), 'compat', 'index.js'))});
  async function change(pollute) {
    const poll = (isDone) => new Promise((resolve) => {
      const timer = setInterval(() => isDone() && resolve(clearInterval(timer)), 20);
    });
    const text = (file) => fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const answer = async () => {
      fs.writeFileSync(commandFile, 'report\\n');
      await poll(() => / (done|failed) /.test(text(commandFile)));
    };
    await poll(() => text(commandFile + '.status.json') !== '');
    // All that a command needs is loaded: a file that is loaded only then fails, as each compiled one defines what it exports.
    await answer();
    pollute();
    agent.trace('work', () => {
      agent.logContext();
      agent.bind(() => 1)();
      agent.meter.counter('orders').increment();
      agent.status();
      context.bind(context.active(), () => 1);
      context.bind(context.active(), new (require('node:events'))());
      compat.start({ serviceName: 'orders' });
    });
    apis.trace = apis.metrics = {};
    await answer();
    console.log('answered');
    await agent.stop();
  }
`;

/** What a careless merge of a caller's JSON leaves behind, and what no program expects there. */
const POLLUTION = ['get = () => 1', 'set = 1', '__esModule = 1', 'constructor = null', 'path = 7'];

function run(app: string, ...preloaded: readonly string[]) {
  const file = (name: string, content: string): string => {
    const at = path.join(folder, name);
    writeFileSync(at, content);
    return at;
  };
  const flags = preloaded.flatMap((each, n) => ['-r', each === REGISTER ? each : file(`${n}.js`, each)]);
  const env = { ...process.env, SW_AGENT_COLLECTOR_BACKEND_SERVICES: '127.0.0.1:9' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, file('app.js', app)], {
    env,
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

describe('an application whose Object.prototype has been changed', () => {
  it.each(POLLUTION)('before the agent is loaded runs as it would without it: %s', (change) => {
    const { status, stdout } = run(APP, `Object.prototype.${change};`, REGISTER);
    expect([status, stdout]).toEqual([0, 'served\n']);
  });

  it.each(POLLUTION)('after the agent is loaded runs as it would without it: %s', (change) => {
    const { status, stdout } = run(`Object.prototype.${change};${APP}`, REGISTER);
    expect([status, stdout]).toEqual([0, 'served\n']);
  });

  it.each(['get', 'set', 'value', 'writable'])(
    'while the agent runs is not ended by its locks, and what it calls throws nothing: %s',
    (name) => {
      const { status, stdout, stderr } = run(`${WITH_COMMANDS}change(() => { Object.prototype.${name} = 'x'; });`);
      expect([status, stdout, stderr]).toEqual([0, 'answered\n', expect.not.stringContaining('Error')]);
    },
  );

  it('is told where it runs untraced', () => {
    const { stderr } = run(APP, 'Object.prototype.get = () => 1;', REGISTER);
    expect(stderr).toContain('skyanchor error: the application runs untraced: TypeError: Invalid property descriptor');
  });
});
