'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { until } = require('../../package/until');

const alive = new Set();

/** Ends what is still running, if this process is ended. */
function endAll() {
  for (const program of alive) program.destroy();
}

function canConnect(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    const answer = (is) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** A process of an application, the first of its own process group. */
class Program {
  stdout = '';
  stderr = '';
  /** `{code, signal}` as soon as it has ended. */
  end = undefined;

  constructor(command, args, { cwd, env, uid, gid }) {
    this.name = [command, ...args].join(' ');
    this.child = spawn(command, args, { cwd, env, uid, gid, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const name of ['stdout', 'stderr']) this.child[name].on('data', (chunk) => (this[name] += chunk));
    alive.add(this);
    this.ended = this.waitForEnd();
    // Looked at by those who wait for it; a program that cannot be started is no error before.
    this.ended.catch(() => undefined);
  }

  get pid() {
    return this.child.pid;
  }

  get output() {
    return `${this.stdout}${this.stderr}`;
  }

  async waitForEnd() {
    const [code, signal] = await once(this.child, 'close');
    this.end = { code, signal };
    return this.end;
  }

  kill(signal) {
    this.child.kill(signal);
  }

  /** Its whole group, and at once. */
  destroy() {
    alive.delete(this);
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  }

  async listensOn(port, timeoutMs) {
    const looked = () => this.end !== undefined || canConnect(port);
    await until(looked, `${this.name} to listen`, timeoutMs);
    if (this.end) throw new Error(`${this.name} ended instead of listening`);
  }

  async prints(pattern, timeoutMs) {
    const looked = () => this.end !== undefined || pattern.test(this.stdout);
    await until(looked, `${this.name} to print ${pattern}`, timeoutMs);
    if (this.end) throw new Error(`${this.name} ended instead of printing ${pattern}`);
  }

  /** @returns `{code, signal}` */
  async endsWithin(timeoutMs) {
    await until(() => this.end !== undefined, `the end of ${this.name}`, timeoutMs);
    return this.end;
  }

  /** Resolves to its output if it ends with exit code 0, and rejects otherwise. */
  async succeeds(timeoutMs) {
    const { code, signal } = await this.endsWithin(timeoutMs);
    if (code !== 0) throw new Error(`${this.name} ended with ${code ?? signal}\n${this.output}`);
    return this.output;
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { Program, canConnect, endAll, freePort };
