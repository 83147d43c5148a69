'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pause, startMembers, stopMembers } = require('./member');

const PAIRS = 3;
/**
 * Processes that do nothing, with a command file and without: share of a core that each takes. Not at once: what a
 * start has left over, V8 collects within about a minute, and that alone would be half of what is measured.
 */
async function idle(folder, address, { seconds, settleSeconds }) {
  const all = Array.from({ length: 2 * PAIRS }, (_, at) => ({
    name: `idle-${at}`,
    address,
    ...(at % 2 === 0 && { file: path.join(folder, `idle-${at}.command`) }),
  }));
  for (const { file } of all) if (file) fs.writeFileSync(file, '# nothing yet\n', { mode: 0o644 });
  const members = await startMembers(all);
  try {
    await pause(settleSeconds * 1_000);
    const before = await Promise.all(members.map((member) => member.ask('cpu')));
    const startedAt = performance.now();
    await pause(seconds * 1_000);
    const after = await Promise.all(members.map((member) => member.ask('cpu')));
    const tookMs = performance.now() - startedAt;
    const percent = members.map((_, at) => {
      const usedMs = (after[at].user + after[at].system - before[at].user - before[at].system) / 1e3;
      return (100 * usedMs) / tookMs;
    });
    return { watched: percent.filter((_, at) => at % 2 === 0), bare: percent.filter((_, at) => at % 2 === 1) };
  } finally {
    await stopMembers(members);
  }
}

module.exports = { idle };
