import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REGISTER } from '../support/app';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-replaced-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Serves a request, and ends when the agent has found that there is no backend: by then its timers have run. */
const APP = `
  const http = require('node:http');
  const { setInterval, clearInterval } = require('node:timers');
  const open = setInterval(() => undefined, 1_000);
  const write = process.stderr.write;
  process.stderr.write = function (text, ...more) {
    if (String(text).includes('ECONNREFUSED')) {
      clearInterval(open);
      console.log('told');
    }
    return write.call(this, text, ...more);
  };
  const server = http.createServer((request, response) => response.end());
  server.listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => server.close());
    });
  });
`;

/** What happy-dom registers, and what an application with `jsdom` copies out of its window. */
const DOM_TIMERS = `
  const timers = require('node:timers');
  let last = 0;
  const pending = new Map();
  const hand = (kept) => (pending.set(++last, kept), last);
  globalThis.setTimeout = (fn, ms) => hand(timers.setTimeout(fn, ms));
  globalThis.setInterval = (fn, ms) => hand(timers.setInterval(fn, ms));
  globalThis.setImmediate = (fn) => hand(timers.setImmediate(fn));
  globalThis.clearTimeout = globalThis.clearInterval = (id) => timers.clearTimeout(pending.get(id));
`;
/** A fake clock that stands. */
const FAKE_CLOCK = 'globalThis.setTimeout = globalThis.setInterval = () => ({ unref() { return this; } });';
const BROKEN_CLOCK = "Date.now = performance.now = () => { throw new Error('none'); };";

function run(...files: readonly string[]) {
  const scripts = files.map((content, n) => {
    if (content === REGISTER) return content;
    const at = path.join(folder, `${n}.js`);
    writeFileSync(at, content);
    return at;
  });
  const script = scripts.pop() ?? '';
  const env = { ...process.env, SW_AGENT_COLLECTOR_BACKEND_SERVICES: '127.0.0.1:9' };
  const flags = scripts.flatMap((each) => ['-r', each]);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, script], {
    env,
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

describe('an application that puts others in the place of the global timers and clocks', () => {
  it('ends as it would without the agent where the timers are those of a DOM, which are numbers', () => {
    const expected = { status: 0, stdout: 'told\n' };
    expect(run(DOM_TIMERS, REGISTER, APP)).toMatchObject(expected);
    expect(run(REGISTER, DOM_TIMERS, APP)).toMatchObject(expected);
  });

  it.each([FAKE_CLOCK, BROKEN_CLOCK])(
    'does not reach the timers and clocks of the agent, which began before: %s',
    (change) => {
      expect(run(REGISTER, change, APP)).toMatchObject({ status: 0, stdout: 'told\n' });
    },
  );
});
