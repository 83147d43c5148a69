'use strict';

/*
 * How long an operator waits: from a line typed into a shell to the handler of the command, and to `registered again`
 * after a reset, in each way of writing; what watching costs while nothing happens; and many processes on one file.
 *
 *     npm run bench:command [-- --trials 300 --styles '>,mv' --quick]
 *
 * Tells times and never fails by one; ends with 1 if a command was missed, or ran twice.
 */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { makeFolder, removeFolder } = require('../test/package/sandbox');
const { Backend } = require('./command/backend');
const { crowd } = require('./command/crowd');
const { idle } = require('./command/idle');
const { Latency } = require('./command/latency');
const { GOAL, Report } = require('./command/report');
const { STYLES } = require('./command/styles');

const FULL = {
  trials: 300,
  processes: 32,
  idle: { seconds: 60, settleSeconds: 90 },
  crowd: 64,
  crowdTrials: 20,
  clearedTrials: 20,
};
const QUICK = {
  trials: 20,
  processes: 16,
  idle: { seconds: 10, settleSeconds: 5 },
  crowd: 16,
  crowdTrials: 3,
  clearedTrials: 3,
};
const ID_DELAY_MS = 200;

function readCall() {
  const { values } = parseArgs({
    options: { trials: { type: 'string' }, styles: { type: 'string' }, quick: { type: 'boolean' } },
  });
  const size = values.quick ? QUICK : FULL;
  const wanted = values.styles?.split(',').map((name) => name.trim());
  const styles = wanted ? STYLES.filter(({ name }) => wanted.includes(name)) : STYLES;
  const trials = Number(values.trials ?? size.trials);
  if (!(Number.isInteger(trials) && trials > 0) || styles.length < (wanted?.length ?? 1))
    throw new Error(`expected --trials N, and --styles of: ${STYLES.map(({ name }) => name).join(',')}`);
  return { ...size, trials, styles };
}

async function measureStyles(latency, report, { styles, trials }) {
  for (const [what, title, goalMs] of [
    ['marks', 'To the handler', GOAL.handlerMs],
    ['resets', 'To registered again, names known to the backend', GOAL.registeredMs],
  ]) {
    const rows = [];
    for (const style of styles) {
      const { name, tool, byShell = false, settlesInMs = 0 } = style;
      const taken = await latency[what](style, trials);
      if (taken) rows.push(report.row(name, taken, goalMs + settlesInMs, byShell));
      else report.print(`${name}: not measured, there is no ${tool} here\n`);
    }
    report.styles(title, rows);
  }
  if (latency.repeated > 0) report.faults.push(`${latency.repeated} ran more than once`);
}

async function measureDelayed(folder, report, { trials, processes, clearedTrials }) {
  const [style] = STYLES;
  const goalMs = GOAL.registeredMs + 2 * ID_DELAY_MS;
  const rows = [];
  const measure = (backend, count, name, goal, work) =>
    withLatency(folder, backend, count, async (latency) =>
      rows.push(report.row(`${style.name}, ${name}`, await work(latency), goal, true)),
    );
  await withBackend(ID_DELAY_MS, async (backend) => {
    await measure(backend, processes, 'names known', goalMs, (latency) => latency.resets(style, trials));
    // Beside the ids there is the connection to be made again, so it has no goal.
    await measure(backend, 1, 'storage cleared, from when it is back', undefined, (latency) =>
      latency.resetsOnCleared(style, clearedTrials, backend),
    );
  });
  report.styles(`To registered again, an id for a new name takes ${ID_DELAY_MS} ms`, rows);
}

async function withBackend(idDelayMs, work) {
  const backend = await Backend.start(idDelayMs);
  try {
    await work(backend);
  } finally {
    await backend.stop();
  }
}

async function withLatency(folder, { address }, processes, work) {
  const latency = await Latency.start(folder, address, processes);
  try {
    await work(latency);
  } finally {
    await latency.stop();
  }
}

function folderIn(folder, name) {
  const made = path.join(folder, name);
  fs.mkdirSync(made);
  return made;
}

async function main() {
  const call = readCall();
  const folder = makeFolder();
  const report = new Report();
  try {
    report.machine();
    await withBackend(0, async (backend) => {
      const { address } = backend;
      await withLatency(folderIn(folder, 'styles'), backend, call.processes, (latency) =>
        measureStyles(latency, report, call),
      );
      report.idle(await idle(folderIn(folder, 'idle'), address, call.idle), call.idle.seconds);
      report.crowd(await crowd(folderIn(folder, 'crowd'), address, call.crowd, call.crowdTrials), call.crowd);
    });
    await measureDelayed(folderIn(folder, 'delayed'), report, call);
    report.print(report.faults.length === 0 ? 'Nothing was missed, nothing ran twice.' : report.faults.join('\n'));
    if (report.faults.length > 0) process.exitCode = 1;
  } finally {
    removeFolder(folder);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
