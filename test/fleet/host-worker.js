'use strict';

/*
 * A process with as many agents' operator sides as it is told: each claims a name in the status file, watches the command
 * file, answers `mark`, and writes its entry. The parent is told what was run, and when.
 */

const fs = require('node:fs');
const path = require('node:path');

require('../support/typescript.js');
const { systemClock } = require('../../src/base/clock.ts');
const { Log } = require('../../src/base/log.ts');
const { CommandChannel } = require('../../src/control/run/command-channel.ts');
const { Verbs } = require('../../src/control/run/verbs.ts');
const { StatusFile } = require('../../src/status/status-file.ts');

const [, , file, count, first, statusText] = process.argv;
const status = JSON.parse(statusText);
const warnings = new Set();
const note = (message) => warnings.add(message.replace(/\d+/g, 'N'));
const log = new Log(systemClock, { error: note, warn: note, info: () => undefined, debug: () => undefined });

/** proper-lockfile knows one lock of a path in a process: each agent has its own way to the one folder. */
function wayTo(index) {
  const way = path.join(path.dirname(file), `way-${index}`);
  fs.symlinkSync(path.dirname(file), way);
  return path.join(way, `${path.basename(file)}.status.json`);
}

async function startAgent(index) {
  const name = `agent-${index}`;
  let channel;
  const shown = () => ({ ...status, instance: name, commands: channel?.status() ?? null });
  const statusFile = new StatusFile({
    path: wayTo(index),
    clock: systemClock,
    log,
    commandFile: file,
    status: shown,
  });
  statusFile.write(shown());
  const claimed = await statusFile.claim(name);
  statusFile.adopt(name);
  const verbs = new Verbs();
  const run = ({ args }) => process.send({ type: 'ran', mark: args[0], name });
  verbs.add({ name: 'mark', timeoutMs: 30_000, idempotent: true, isFulfilledAtStart: false, run });
  channel = new CommandChannel({
    ...{ file, owners: [], trustDirectory: false, instanceName: name, verbs, clock: systemClock, log },
    onEvent: () => statusFile.write(shown()),
    fileNow: () => statusFile.fileNow(),
  });
  channel.start();
  process.send({ type: 'started', name, isClaimed: claimed === name });
}

process.on('message', (question) => {
  if (question === 'usage') process.send({ type: 'usage', ...process.cpuUsage(), warnings: [...warnings] });
});
process.on('disconnect', () => process.exit());
// The timers of the agents hold nothing up.
setInterval(() => undefined, 60_000);

async function main() {
  for (let index = 0; index < Number(count); index++) await startAgent(Number(first) + index);
}

void main();
