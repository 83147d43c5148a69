'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const os = require('node:os');

/** Everything of ours and of the agents' out of the environment: each gets just what it is to have. */
const FOREIGN = /^(SW_|OTEL_|NODE_OPTIONS$|npm_)/;
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));

/** One core for the server, another for all others: then neither takes the other's time. */
const CORE = { server: 0, others: 1 };
const canPin = os.cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;

/** A process that is asked by messages and answers each. */
class Child {
  /** @param core absent: any; @param under a command that runs the process and sees it: `['valgrind', …]` */
  static async start(script, { args = [], execArgv = [], env = {}, core, under = [] }) {
    const command = [...under, process.execPath, ...execArgv, script, ...args];
    if (canPin && core !== undefined) command.unshift('taskset', '-c', String(CORE[core]));
    const child = new Child(
      spawn(command[0], command.slice(1), { env: { ...inherited, ...env }, stdio: ['ignore', 2, 2, 'ipc'] }),
    );
    const [ready] = await Promise.race([once(child.process, 'message'), child.gone]);
    return Object.assign(child, ready);
  }

  constructor(started) {
    this.process = started;
    this.asked = new Map();
    this.lastId = 0;
    this.gone = once(started, 'exit').then(([code, signal]) => {
      throw new Error(`${started.spawnargs.at(-1)} ended with ${code ?? signal}`);
    });
    this.gone.catch(() => undefined);
    started.on('message', (message) => {
      const settle = this.asked.get(message.id);
      this.asked.delete(message.id);
      settle?.(message);
    });
  }

  async ask(type, message = {}) {
    const id = ++this.lastId;
    const answered = new Promise((resolve) => this.asked.set(id, resolve));
    // That it is gone is told by `gone`.
    this.process.send({ id, type, ...message }, () => undefined);
    const answer = await Promise.race([answered, this.gone]);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

module.exports = { Child, canPin };
