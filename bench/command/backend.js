'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { environment } = require('../../test/package/sandbox');

/** The embedded backend, in a process of its own. */
class Backend {
  static async start(idDelayMs) {
    const child = fork(path.join(__dirname, 'collector.js'), [String(idDelayMs)], { env: environment() });
    const [{ address }] = await once(child, 'message');
    return new Backend(child, address);
  }

  constructor(child, address) {
    this.child = child;
    this.address = address;
  }

  /** Its storage is cleared. @returns when it was back, in milliseconds since 1970 */
  async wipe(whileAway) {
    this.child.send('wipe');
    await once(this.child, 'message');
    await whileAway();
    this.child.send('come back');
    const [{ back }] = await once(this.child, 'message');
    return back;
  }

  async stop() {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

module.exports = { Backend };
