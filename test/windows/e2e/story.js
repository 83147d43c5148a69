'use strict';

/*
 * Runs on Windows, or under Wine: an application with the agent in it beside an embedded backend, steered through its
 * command file as PowerShell and an editor write it. `node story.js RESULTS` writes a line of JSON for each step,
 * `{test, result, message?}`. Needs dist.
 */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { startCollector } = require('../../../dist/testing');

const DIST = path.join(__dirname, '..', '..', '..', 'dist');
const APPLICATION = path.join(__dirname, 'application.js');
const CLI = path.join(DIST, 'cli', 'main.js');
const UNTIL_MS = 60_000;
const [results] = process.argv.slice(2);

// With a blank, as many paths on Windows have.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor shop-'));
const commandFile = path.join(folder, 'skyanchor.command');
const spool = path.join(folder, 'spool');
const living = new Set();
let hasFailed = false;

async function until(read) {
  const deadline = performance.now() + UNTIL_MS;
  for (;;) {
    let failure;
    try {
      const answer = await read();
      if (answer) return answer;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure ?? new Error(`not within ${UNTIL_MS} ms: ${read}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A program; `ended` is its exit code once its output is complete. */
function run(args, env = {}, options = {}) {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env }, ...options });
  const program = { child, output: '', pid: child.pid };
  living.add(child);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (program.output += text));
  program.ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      living.delete(child);
      resolve(code);
    });
  });
  program.port = () => until(() => /listening (\d+)/.exec(program.output)?.[1]);
  return program;
}

const startApplication = (env) => run(['--require', path.join(DIST, 'register.js'), APPLICATION], env);
const cli = (...args) => run([CLI, ...args]);

async function visit(program, page) {
  const port = await program.port();
  await new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', path: page, agent: false }, (response) =>
      response.resume().on('close', resolve),
    );
    request.on('error', resolve);
  });
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const stampsIn = (text) => text.split(/\r?\n/).filter((line) => line.startsWith('#!'));

async function tell(collector) {
  const backend = { SW_AGENT_NAME: 'shop', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address };
  const env = { ...backend, SW_AGENT_INSTANCE_NAME: 'shop-1', SW_AGENT_COMMAND_FILE: commandFile };
  const application = startApplication(env);
  const entries = () => JSON.parse(fs.readFileSync(`${commandFile}.status.json`, 'utf8')).instances;

  await step('registers, and its status file says so', async () => {
    await until(() => entries()['shop-1'].registration.phase === 'registered');
    assert.equal(entries()['shop-1'].pid, application.pid);
  });

  await step('traces a request and the call that it makes', async () => {
    await visit(application, '/cart');
    const names = () =>
      collector.segments().flatMap(({ spans }) => spans.map((span) => `${span.type} ${span.operationName}`));
    await until(() => names().filter((name) => /entry/i.test(name)).length === 2);
    assert.equal(names().filter((name) => /exit/i.test(name)).length, 1);
  });

  await step('runs a reset that ends in CRLF, once, and answers below it', async () => {
    fs.writeFileSync(commandFile, 'reset\r\n');
    await until(() => stampsIn(fs.readFileSync(commandFile, 'utf8')).length === 2);
    const [running, done] = stampsIn(fs.readFileSync(commandFile, 'utf8'));
    assert.match(running, / shop-1 running /);
    assert.match(done, / shop-1 done .* took=\d+ms !#$/);
    assert.ok(fs.readFileSync(commandFile, 'utf8').startsWith('reset\r\n#! '));
  });

  await step('answers in UTF-16 what PowerShell wrote in UTF-16', async () => {
    fs.writeFileSync(commandFile, Buffer.from('\ufeffreport\r\n', 'utf16le'));
    const text = () => fs.readFileSync(commandFile, 'utf16le');
    await until(() => stampsIn(text()).length === 2);
    assert.match(stampsIn(text())[1], / shop-1 done /);
  });

  await step('takes a command from an editor that replaces the file', async () => {
    fs.writeFileSync(`${commandFile}.tmp`, 'log-level info\r\n');
    await until(() => {
      fs.renameSync(`${commandFile}.tmp`, commandFile);
      return true;
    });
    await until(() => stampsIn(fs.readFileSync(commandFile, 'utf8')).length === 2);
  });

  await step('gives a second process of the same name the next number', async () => {
    const second = startApplication(env);
    await until(() => entries()['shop-1-2']?.pid === second.pid);
    second.child.kill();
    await second.ended;
  });

  await step('`skyanchor status` shows it', async () => {
    const status = cli('status', '--file', commandFile);
    const code = await status.ended;
    assert.match(status.output, /shop-1/);
    assert.equal(code, 0, status.output);
  });

  await step('`skyanchor reset` is answered', async () => {
    const reset = cli('reset', '--file', commandFile, '--wait', '30');
    const code = await reset.ended;
    assert.match(reset.output, /done/);
    assert.equal(code, 0, reset.output);
  });

  await step('`skyanchor doctor` finds nothing wrong with backend and file', async () => {
    const doctor = run([CLI, 'doctor', '--file', commandFile, '--json'], env);
    const code = await doctor.ended;
    assert.equal(code, 0, doctor.output);
  });

  await step('ends with the exit code that the application gives', async () => {
    await visit(application, '/end');
    assert.equal(await application.ended, 3);
  });

  await step('ends by Ctrl+C with the exit code that Windows gives, and has sent what it traced', async () => {
    const interrupted = startApplication({ ...backend, SW_AGENT_INSTANCE_NAME: 'interrupted' });
    const sent = () => collector.segments().filter(({ instance }) => instance === 'interrupted').length;
    await visit(interrupted, '/cart');
    await until(() => sent() === 2);
    await visit(interrupted, '/cart');
    await visit(interrupted, '/interrupt');
    assert.equal(await interrupted.ended, 0xc000013a);
    await until(() => sent() >= 4);
  });

  await step('`skyanchor run` starts a program, and ends as it does', async () => {
    const program = run([CLI, 'run', '--service-name', 'run', '--', process.execPath, APPLICATION], backend);
    await visit(program, '/cart');
    await until(() => collector.segments().some(({ service }) => service === 'run'));
    await visit(program, '/end');
    assert.equal(await program.ended, 3);
  });

  await step('`skyanchor run` starts a .cmd by its bare name, with its arguments as they are', async () => {
    const script = path.join(folder, 'print.js');
    fs.writeFileSync(script, 'console.log(JSON.stringify(process.argv.slice(2)))');
    fs.writeFileSync(path.join(folder, 'print.cmd'), `@"${process.execPath}" "${script}" %*\r\n`);
    const args = ['plain', 'with a blank', 'a"quote', 'a&b|c>d', 'back\\slash\\'];
    const program = run([CLI, 'run', '--', 'print', ...args], { ...backend, PATH: `${folder};${process.env.PATH}` });
    assert.equal(await program.ended, 0, program.output);
    assert.deepEqual(JSON.parse(program.output), args);
  });
}

async function tellOfSpool() {
  const port = await freePort();
  const env = {
    SW_AGENT_NAME: 'shop',
    SW_AGENT_COLLECTOR_BACKEND_SERVICES: `127.0.0.1:${port}`,
    SW_AGENT_COMMAND_FILE: path.join(folder, 'spool.command'),
    SW_AGENT_SPOOL_DIRECTORY: spool,
    SW_AGENT_MAX_BUFFER_SIZE: '2',
  };

  await step('keeps what it traced without a backend, though it is ended the Windows way', async () => {
    const application = startApplication({ ...env, SW_AGENT_INSTANCE_NAME: 'shop-1' });
    await application.port();
    await until(() => fs.existsSync(spool) && fs.readdirSync(spool).length > 0);
    for (let count = 0; count < 20; count++) await visit(application, '/cart');
    await until(() =>
      fs.readdirSync(spool).some((name) => name.endsWith('.spool') && fs.statSync(path.join(spool, name)).size > 200),
    );
    application.child.kill();
    await application.ended;
  });

  await step('delivers it from the next process', async () => {
    const collector = await startCollector({ port });
    const application = startApplication({ ...env, SW_AGENT_INSTANCE_NAME: 'shop-2' });
    try {
      await until(() => collector.segments().some(({ instance }) => instance === 'shop-1'));
      await until(
        () => !fs.readdirSync(spool).some((name) => name.startsWith('shop.shop-1.') && name.endsWith('.spool')),
      );
    } finally {
      application.child.kill();
      await application.ended;
      await collector.stop();
    }
  });
}

async function step(test, act) {
  let result = { result: 'passed' };
  try {
    await act();
  } catch (error) {
    result = { result: 'failed', message: error.stack };
  }
  hasFailed ||= result.result === 'failed';
  fs.appendFileSync(results, `${JSON.stringify({ test: `test/e2e/${test}`, ...result })}\n`);
}

async function main() {
  const collector = await startCollector({ idDelayMs: 20 });
  try {
    await tell(collector);
  } finally {
    await collector.stop();
  }
  await tellOfSpool();
}

main()
  .catch((error) => {
    hasFailed = true;
    fs.appendFileSync(
      results,
      `${JSON.stringify({ test: 'test/e2e/the story', result: 'failed', message: error.stack })}\n`,
    );
  })
  .finally(async () => {
    for (const child of living) child.kill();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    process.exit(hasFailed ? 1 : 0);
  });
