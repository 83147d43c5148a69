'use strict';

const { fork } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const path = require('node:path');
const { environment } = require('../../test/package/sandbox');

const APP = path.join(__dirname, 'app.js');
/** An agent runs one command a second, after a burst; a trial is to wait for nothing but the watch. */
const REST_MS = 1_250;
const MISSED_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 10;
const KILL_AFTER_MS = 5_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A process with the agent in it. */
class Member extends EventEmitter {
  constructor({ name, file, address }) {
    super();
    this.setMaxListeners(0);
    this.file = file;
    /** How often each mark was run. */
    this.marks = new Map();
    this.restedAt = 0;
    this.child = fork(APP, [], {
      env: environment({
        SW_AGENT_NAME: 'bench',
        SW_AGENT_INSTANCE_NAME: name,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: address,
        SW_AGENT_LOGGING_LEVEL: 'error',
        ...(file && { SW_AGENT_COMMAND_FILE: file }),
      }),
    });
    this.ended = once(this.child, 'exit');
    this.child.on('message', (message) => {
      if (message.type === 'marked') this.marks.set(message.mark, (this.marks.get(message.mark) ?? 0) + 1);
      this.emit(message.type, message);
    });
  }

  async ready() {
    await Promise.race([
      once(this, 'ready'),
      this.ended.then(([code]) => Promise.reject(new Error(`an application ended with ${code} before it was ready`))),
    ]);
    // The command file is looked at for the first time.
    await pause(500);
  }

  async ask(question) {
    this.child.send({ question });
    const [{ answer }] = await once(this, 'answer');
    return answer;
  }

  /** It has nothing left to do, and is not held back by what it did before. */
  async rest() {
    await pause(Math.max(0, this.restedAt - performance.now()));
  }

  worked() {
    this.restedAt = performance.now() + REST_MS;
  }

  /** The moment at which the handler was called; undefined: it was not. Listens from the call on. */
  async marked(mark) {
    const signal = AbortSignal.timeout(MISSED_AFTER_MS);
    try {
      for (;;) {
        const [message] = await once(this, 'marked', { signal });
        if (message.mark === mark) return message.at;
      }
    } catch {
      return undefined;
    }
  }

  /** When it had registered in an epoch after this one, in milliseconds since 1970; undefined: it has not. */
  async registeredAfter(epoch) {
    const deadline = performance.now() + MISSED_AFTER_MS;
    while (performance.now() < deadline) {
      const now = await this.ask('registration');
      if (now.epoch > epoch && now.phase === 'registered') return Date.parse(now.since);
      await pause(LOOK_EVERY_MS);
    }
    return undefined;
  }

  async stop() {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** A few at a time: all at once would only wait for each other. */
async function startMembers(all) {
  const members = [];
  try {
    for (let at = 0; at < all.length; at += 4) {
      const wave = all.slice(at, at + 4).map((options) => new Member(options));
      members.push(...wave);
      await Promise.all(wave.map((member) => member.ready()));
    }
    return members;
  } catch (error) {
    await stopMembers(members);
    throw error;
  }
}

const stopMembers = (members) => Promise.all(members.map((member) => member.stop()));

module.exports = { pause, startMembers, stopMembers };
