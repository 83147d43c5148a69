import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startCollector, type Collector } from '../../src/testing/index';

const run = promisify(execFile);
const ROOT = path.join(__dirname, '..', '..');
const PINO = require.resolve('pino');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'application-log-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** A file beside the program, instead of pino. */
  readonly logger?: string;
  /** What is done when the code has run. */
  readonly end?: string;
  /** What the agent says, warnings too. */
  readonly stderr?: string;
}

/** In a process of its own, since jest's modules are of its own kind. @returns the lines that it wrote */
async function linesOf(
  code: string,
  { env = {}, dependencies = {}, logger = PINO, end = 'agent.stop();', stderr: said = '' }: Settings = {},
) {
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'orders', dependencies }));
  const program = `
const { start } = require(${JSON.stringify(path.join(ROOT, 'dist'))});
const agent = start({ backends: '127.0.0.1:1', serviceName: 'orders', instanceName: 'orders-1', logLevel: '${said === '' ? 'error' : 'warn'}' });
const log = require(${JSON.stringify(logger)})({ base: null, timestamp: false });
${code}
${end}`;
  writeFileSync(path.join(directory, 'app.js'), program);
  const { stdout, stderr } = await run(process.execPath, [path.join(directory, 'app.js')], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...env },
    timeout: 20_000,
  });
  // A busy machine may bring other warnings.
  const asked = said === '' ? stderr : stderr.replaceAll(/^(?!.*hooks\.streamWrite).*\n/gm, '');
  expect(asked).toBe(said);
  return stdout.split('\n').filter((line) => line !== '');
}

const IN_TRACE = `agent.trace('work', () => log.info('in it'));`;
const BARE = '{"level":30,"msg":"in it"}';
const MARKED = /^\{"level":30,"traceId":"[\d.]+","segmentId":"[\d.]+","spanId":0,"msg":"in it"\}$/;

describe('a line of a log that is written within a trace', () => {
  it('is as without the agent, unless the application asks for more', async () => {
    expect(await linesOf(IN_TRACE)).toEqual([BARE]);
  });

  it('has the ids of the trace from the call of correlateLogs() on', async () => {
    const lines = await linesOf(`${IN_TRACE} agent.correlateLogs(); ${IN_TRACE} log.info('outside');`);
    expect(lines).toEqual([BARE, expect.stringMatching(MARKED), '{"level":30,"msg":"outside"}']);
  });

  it('has the ids that logContext() returns', async () => {
    const code = `agent.correlateLogs();
      agent.trace('outer', () => agent.trace('work', () => { log.info('in it'); console.log(JSON.stringify(agent.logContext())); }));`;
    // pino and console write to one pipe, in any order.
    const lines = (await linesOf(code)).map((text) => JSON.parse(text));
    const { traceId, segmentId, spanId } = lines.find(({ service }) => service === 'orders');
    const line = lines.find(({ msg }) => msg === 'in it');
    expect([line, spanId]).toEqual([{ level: 30, msg: 'in it', traceId, segmentId, spanId }, 1]);
  });

  it('has the id of the trace alone where nothing is recorded', async () => {
    const [line] = await linesOf(`agent.correlateLogs(); ${IN_TRACE}`, { env: { SW_AGENT_SAMPLE_RATE: '0' } });
    expect(line).toMatch(/^\{"level":30,"traceId":"[\d.]+","msg":"in it"\}$/);
  });

  it('has the ids without a call where logCorrelation is true', async () => {
    const [line] = await linesOf(IN_TRACE, { env: { SW_LOG_CORRELATION: 'true' } });
    expect(line).toMatch(MARKED);
  });

  it('has the ids without a call where the application names the bridge, or has an instrumentation installed', async () => {
    const named = await linesOf(IN_TRACE, { env: { SW_AGENT_OPENTELEMETRY: 'mongodb' } });
    expect(named).toEqual([expect.stringMatching(MARKED)]);
    const dependencies = { '@opentelemetry/instrumentation-mongodb': '*' };
    expect(await linesOf(IN_TRACE, { dependencies })).toEqual([expect.stringMatching(MARKED)]);
  });

  it('stays as it is where logCorrelation is false, whoever asks', async () => {
    const env = { SW_LOG_CORRELATION: 'false', SW_AGENT_OPENTELEMETRY: 'true' };
    expect(await linesOf(`agent.correlateLogs(); ${IN_TRACE}`, { env })).toEqual([BARE]);
  });

  it('ends with the names and the ids in the form of text', async () => {
    const code = `agent.trace('work', () => { log.info('%d things', 3); log.info({}); console.log(String(agent.logContext())); });`;
    const lines = await linesOf(code, { env: { SW_LOG_CORRELATION: 'text' } });
    const text = lines.find((line) => line.startsWith('['));
    expect(text).toMatch(/^\[SW_CTX:\[orders,[^,]+,[\d.]+,[\d.]+,0\]\]$/);
    expect(lines.filter((line) => line !== text).map((line) => JSON.parse(line).msg)).toEqual([
      `3 things ${text}`,
      text,
    ]);
  });

  it('has one message in the form of text, where the application gives it among the fields', async () => {
    const code = `agent.trace('work', () => {
      const given = { msg: 'order 7', order: 7 };
      log.info(given);
      log.info(Object.assign(new (class Order {})(), { msg: 'order 8' }));
      log.info({ msg: 9 });
      log.info({ msg: undefined });
      log.info({ msg: 'first' }, 'second');
      require(${JSON.stringify(PINO)})({ base: null, timestamp: false, messageKey: 'text' }).info({ text: 'x', msg: 'y' });
      console.log(String(agent.logContext()));
      console.log(JSON.stringify(given));
    }); log.info({ msg: 'outside' });`;
    const lines = await linesOf(code, { env: { SW_LOG_CORRELATION: 'text' } });
    const text = lines.find((line) => line.startsWith('['))!;
    // pino and console write to one pipe, in any order.
    expect(lines.map((line) => line.replace(text, 'IDS')).sort()).toEqual(
      [
        'IDS',
        '{"level":30,"msg":"order 7 IDS","order":7}',
        '{"level":30,"msg":"order 8"}',
        '{"level":30,"msg":9}',
        '{"level":30,"msg":"IDS"}',
        '{"level":30,"msg":"first","msg":"second IDS"}',
        '{"level":30,"text":"x IDS","msg":"y"}',
        '{"msg":"order 7","order":7}',
        '{"level":30,"msg":"outside"}',
      ].sort(),
    );
  });

  it('keeps what the application has written under these names', async () => {
    const code = `agent.correlateLogs(); agent.trace('work', () => {
      log.info({ traceId: 'mine' }, 'in it');
      log.child({ spanId: 'mine' }).info({ request: { segmentId: 'other' } }, 'in it');
    });`;
    const lines = await linesOf(code);
    const counts = lines.map((line) =>
      ['traceId', 'segmentId', 'spanId'].map((name) => line.split(`"${name}"`).length - 1),
    );
    expect(counts).toEqual([
      [1, 1, 1],
      [1, 2, 1],
    ]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ traceId: 'mine', segmentId: expect.stringMatching(/^[\d.]+$/), spanId: 0 }),
      expect.objectContaining({ traceId: expect.stringMatching(/^[\d.]+$/), spanId: 'mine' }),
    ]);
  });

  it('is as without the agent once that is stopped', async () => {
    expect(await linesOf(`agent.correlateLogs(); agent.stop(); ${IN_TRACE}`)).toEqual([BARE]);
  });

  it('has the ids in a bundle, by what pino publishes there', async () => {
    const bundle = `
const bindings = Symbol('pino.chindings');
const published = require('node:diagnostics_channel').tracingChannel('pino_asJson');
function line(text) {
  return '{"level":30' + this[bindings] + ',"msg":' + JSON.stringify(text) + '}';
}
module.exports = () => ({
  [bindings]: ',"a":1',
  info(text) {
    console.log(published.traceSync(line, { instance: this, arguments: [] }, this, text));
  },
});`;
    writeFileSync(path.join(directory, 'bundle.js'), bundle);
    const code = `agent.correlateLogs(); log.info('outside'); ${IN_TRACE} log.info('outside');`;
    const outside = '{"level":30,"a":1,"msg":"outside"}';
    const marked = /^\{"level":30,"a":1,"traceId":"[\d.]+","segmentId":"[\d.]+","spanId":0,"msg":"in it"\}$/;
    expect(await linesOf(code, { logger: './bundle' })).toEqual([outside, expect.stringMatching(marked), outside]);
  });
});

describe('the lines of the application', () => {
  let collector: Collector;

  beforeEach(async () => {
    collector = await startCollector({ protocol: 'v3' });
  });

  afterEach(() => collector.stop());

  const shown = () => collector.logs().map(({ body, tags }) => [JSON.parse(body).msg, tags[0]?.value]);

  /** The code runs once the agent is registered. */
  function sending(code: string, level: string | undefined, settings?: Settings): Promise<readonly string[]> {
    const env = {
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
      ...(level !== undefined && { SW_AGENT_APPLICATION_LOGS: level }),
    };
    return linesOf(`agent.ready(15_000).then(async () => { ${code} });`, { env, end: '', ...settings });
  }

  const COUNTS = `await agent.stop(); console.log(JSON.stringify(agent.status().applicationLogs ?? null));`;

  it('are sent to the backend from a level on, with their trace, and are written as they were', async () => {
    const code = `log.info('below'); log.error('outside');
      agent.trace('work', () => { log.warn('in it'); console.log(agent.currentTraceId()); });`;
    const lines = await sending(`${code} ${COUNTS}`, 'warn');
    expect(shown()).toEqual([
      ['outside', 'ERROR'],
      ['in it', 'WARN'],
    ]);
    const [outside, inIt] = collector.logs();
    expect(outside).toMatchObject({ service: 'orders', instance: 'orders-1', format: 'json', traceId: '' });
    expect(inIt).toMatchObject({ segmentId: expect.stringMatching(/^[\d.]+$/), spanId: 0 });
    expect(inIt!.tags).toContainEqual({ key: 'logger', value: 'pino' });
    expect(lines).toContain(inIt!.traceId);
    expect(lines).toContain('{"level":40,"msg":"in it"}');
    expect(JSON.parse(lines.at(-1)!)).toEqual({ accepted: 2, sent: 2, dropped: 0, buffered: 0 });
  });

  const WARNING =
    'skyanchor warn: lines of a logger of pino with hooks.streamWrite, which may take something out of them, are not sent\n';

  it('are not sent where a hook of pino’s may change them as they are written, which is said once', async () => {
    const code = `let calls = 0;
      const own = require(${JSON.stringify(PINO)})({ base: null, timestamp: false, hooks: {
        streamWrite: (line) => { calls++; return line.replaceAll('secret', 'hidden'); },
      } });
      own.info('secret 1'); own.child({ of: 'secret 2' }).info('in a child'); log.info('plain'); console.log(JSON.stringify(calls));`;
    const lines = await sending(`${code} ${COUNTS}`, 'info', { stderr: WARNING });
    const written = ['{"level":30,"msg":"hidden 1"}', '{"level":30,"of":"hidden 2","msg":"in a child"}', '2'];
    expect(lines).toEqual(expect.arrayContaining(written));
    const bodies = collector.logs().map(({ body }) => body);
    expect(bodies.join()).not.toMatch(/secret|hidden/);
    expect(bodies.filter((body) => body.includes('"plain"'))).toHaveLength(1);
  });

  it('are not sent either in a bundle', async () => {
    const bundle = `
const published = require('node:diagnostics_channel').tracingChannel('pino_asJson');
const hooks = Symbol.for('pino.hooks');
const line = (text) => JSON.stringify({ msg: text });
module.exports = () => ({
  [hooks]: { streamWrite: (text) => text.replaceAll('secret', 'hidden') },
  info(text) {
    const made = published.traceSync(line, { instance: this, arguments: [{}, text, 30] }, undefined, text);
    console.log(this[hooks].streamWrite(made));
  },
});`;
    writeFileSync(path.join(directory, 'bundle.js'), bundle);
    const lines = await sending(`log.info('secret'); ${COUNTS}`, 'info', { logger: './bundle', stderr: WARNING });
    expect(lines).toContain('{"msg":"hidden"}');
    expect(
      collector
        .logs()
        .map(({ body }) => body)
        .join(),
    ).not.toContain('secret');
  });

  it('are not sent unless that is asked for', async () => {
    const lines = await sending(`log.error('own'); ${COUNTS}`, undefined);
    expect([lines.at(-1), collector.logs()]).toEqual(['null', []]);
  });

  it('are sent, too, when a signal ends the process', async () => {
    const killed = sending(
      `log.error('last words'); require('node:child_process').execFile('kill', ['-TERM', process.pid]); setInterval(() => {}, 1e3);`,
      'info',
    );
    await expect(killed).rejects.toMatchObject({ signal: 'SIGTERM' });
    expect(shown()).toEqual([['last words', 'ERROR']]);
  });

  it('are counted where they are more than may wait', async () => {
    const code = `
      const { start } = require(${JSON.stringify(path.join(ROOT, 'dist'))});
      const agent = start({ backends: '127.0.0.1:1', serviceName: 'orders', logLevel: 'off', applicationLogs: { maxBuffer: 50 } });
      const log = require(${JSON.stringify(PINO)})();
      for (let n = 0; n < 1_000; n++) log.info('line');
      console.log(JSON.stringify(agent.status().applicationLogs));
      agent.stop();`;
    writeFileSync(path.join(directory, 'many.js'), code);
    const { stdout } = await run(process.execPath, [path.join(directory, 'many.js')], {
      cwd: directory,
      timeout: 20_000,
    });
    const counts = stdout.split('\n').find((line) => line.startsWith('{"accepted"'));
    expect(JSON.parse(counts!)).toEqual({ accepted: 1_000, sent: 0, dropped: 950, buffered: 50 });
  });
});
