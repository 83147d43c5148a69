'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pause, startMembers, stopMembers } = require('./member');
const { Shell } = require('./shell');

/** What stands in the file before each style: a line that is the operator's own. */
const BEFORE = '# commands for the orders service\n';

/**
 * Types one line after the other, each into the file of the next process in turn, so that none is held back by its
 * limit of one command a second, nor the backend's questioner by its pace.
 */
class Latency {
  static async start(folder, address, processes) {
    const all = Array.from({ length: processes }, (_, at) => ({
      name: `bench-${at}`,
      file: path.join(folder, `${at}.command`),
      address,
    }));
    return new Latency(folder, await startMembers(all));
  }

  constructor(folder, members) {
    this.members = members;
    this.shell = new Shell(folder);
    this.turn = 0;
    this.count = 0;
  }

  /** @returns undefined where the tool is missing */
  async marks(style, trials) {
    return this.each(style, trials, async (member, id) => {
      const marked = member.marked(id);
      const { typed, done } = await this.shell.type(style.script(`mark ${id}`, path.basename(member.file)));
      const at = await marked;
      return at === undefined ? undefined : { typed: at - typed.at, written: at - done.at, tool: done.at - typed.at };
    });
  }

  async resets(style, trials) {
    return this.each(style, trials, async (member, id) => {
      const { epoch } = await member.ask('registration');
      const line = style.script(`reset id=${id}`, path.basename(member.file));
      const { typed, done } = await this.shell.type(line);
      const at = await member.registeredAfter(epoch);
      if (at === undefined) return undefined;
      return { typed: at - typed.wallAt, written: at - done.wallAt, tool: done.at - typed.at };
    });
  }

  /** The storage is cleared and the line typed while the backend is away; counted from when it is back. */
  async resetsOnCleared(style, trials, backend) {
    return this.each(style, trials, async (member, id) => {
      const { epoch } = await member.ask('registration');
      const line = style.script(`reset id=${id}`, path.basename(member.file));
      const back = await backend.wipe(() => this.shell.type(line));
      const at = await member.registeredAfter(epoch);
      // Its pace, 20 questions in 5 s, is not what is measured.
      await pause(4_000);
      return at === undefined ? undefined : { typed: at - back, written: at - back, tool: 0 };
    });
  }

  async each(style, trials, trial) {
    if (style.tool && !(await this.shell.has(style.tool))) return undefined;
    await this.empty();
    const taken = [];
    for (let at = 0; at < trials; at++) {
      const member = this.members[this.turn++ % this.members.length];
      await member.rest();
      taken.push(await trial(member, `m${String(++this.count).padStart(5, '0')}`));
      member.worked();
    }
    return taken;
  }

  /** Handlers that were called twice for one line. */
  get repeated() {
    return this.members.flatMap(({ marks }) => [...marks.values()]).filter((times) => times > 1).length;
  }

  async empty() {
    // No answer to the last style's last line may be under way.
    await pause(300);
    for (const { file } of this.members) fs.writeFileSync(file, BEFORE, { mode: 0o644 });
    await pause(300);
  }

  async stop() {
    await this.shell.stop();
    await stopMembers(this.members);
  }
}

module.exports = { Latency };
