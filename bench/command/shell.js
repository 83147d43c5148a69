'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');
const { environment } = require('../../test/package/sandbox');
const { moment } = require('./moment');

/** A shell that runs already and is typed at, as an operator's is. */
class Shell {
  constructor(cwd) {
    this.child = spawn('sh', [], { cwd, env: environment(), stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.child.stdout });
    this.child.stdin.write('umask 022\n');
    // Python itself: the stand-in that a version manager puts in the way takes longer than all the rest.
    this.child.stdin.write("python=$(python3 -c 'import sys; print(sys.executable)' 2> /dev/null)\n");
  }

  /** @returns when the line was handed over, and when what it does had ended; by both clocks */
  async type(script) {
    const ended = once(this.lines, 'line');
    const typed = { at: moment(), wallAt: Date.now() };
    this.child.stdin.write(`${script}\necho $?\n`);
    const [code] = await ended;
    const done = { at: moment(), wallAt: Date.now() };
    if (code !== '0') throw new Error(`the shell answers ${code} to: ${script}`);
    return { typed, done };
  }

  async has(tool) {
    const { child, lines } = this;
    const answered = once(lines, 'line');
    child.stdin.write(`command -v ${tool} > /dev/null && echo yes || echo no\n`);
    const [answer] = await answered;
    return answer === 'yes';
  }

  async stop() {
    const ended = once(this.child, 'exit');
    this.child.stdin.end();
    await ended;
  }
}

module.exports = { Shell };
