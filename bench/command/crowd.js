'use strict';

const path = require('node:path');
const { moment } = require('./moment');
const { pause, startMembers, stopMembers } = require('./member');
const { Shell } = require('./shell');

const REST_MS = 2_500;

/** One line for many: from the moment it is typed to each handler, and to the last one. */
async function crowd(folder, address, processes, trials) {
  const file = path.join(folder, 'crowd.command');
  const all = Array.from({ length: processes }, (_, at) => ({ name: `crowd-${at}`, file, address }));
  const members = await startMembers(all);
  const shell = new Shell(folder);
  try {
    await pause(REST_MS);
    const rounds = [];
    const before = await cpuMs(members);
    for (let at = 0; at < trials; at++) {
      const mark = `c${at}`;
      const marked = members.map((member) => member.marked(mark));
      const typedAt = moment();
      await shell.type(`echo mark ${mark} > crowd.command`);
      const moments = await Promise.all(marked);
      rounds.push(moments.map((handledAt) => (handledAt === undefined ? undefined : handledAt - typedAt)));
      // All have stamped their answers and read those of the others.
      await pause(REST_MS);
    }
    const cpuMsEach = ((await cpuMs(members)) - before) / trials / processes;
    return { rounds, cpuMsEach };
  } finally {
    await shell.stop();
    await stopMembers(members);
  }
}

async function cpuMs(members) {
  const all = await Promise.all(members.map((member) => member.ask('cpu')));
  return all.reduce((sum, { user, system }) => sum + (user + system) / 1e3, 0);
}

module.exports = { crowd };
