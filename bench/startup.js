'use strict';

/*
 * What the agent costs before it does anything: its size on disk, and the time and memory until the application's
 * first line. `npm run bench:startup [-- pairs]`. Tells, and never fails by what it tells.
 */

const os = require('node:os');
const path = require('node:path');
const { makeFolder, removeFolder } = require('../test/package/sandbox');
const { installedSize } = require('./startup/size');
const { measure } = require('./startup/measure');

const PAIRS = 20;
const MB = 1024 ** 2;
const GOAL = { size: 10.5, elapsedMs: 20, rssMb: 8 };
const TOP = 8;

const print = (line = '') => process.stdout.write(`${line}\n`);
const verdict = (value, goal) => (value <= goal ? 'met' : 'missed');
const megabytes = (bytes) => (bytes / MB).toFixed(2);

function printSize(size) {
  print('Installed, with all dependencies (MB of 1024 x 1024 bytes)');
  if (size.unreachable) {
    print(`  not measured: ${size.unreachable}`);
    return;
  }
  const { bytes, onDisk, packages } = size;
  print(`  ${megabytes(bytes)} in files, goal ${GOAL.size}: ${verdict(bytes / MB, GOAL.size)}`);
  print(`  ${megabytes(onDisk)} on this disk, in blocks`);
  for (const each of packages.slice(0, TOP)) print(`    ${megabytes(each.bytes).padStart(6)}  ${each.name}`);
  const rest = packages.slice(TOP);
  const restBytes = rest.reduce((sum, each) => sum + each.bytes, 0);
  print(`    ${megabytes(restBytes).padStart(6)}  ${rest.length} more`);
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[sorted.length >> 1] };
}

function printRow(name, pairs, read, goal) {
  const bare = spread(pairs.map((pair) => read(pair.bare)));
  const agent = spread(pairs.map((pair) => read(pair.agent)));
  const added = { min: agent.min - bare.min, median: spread(pairs.map((p) => read(p.agent) - read(p.bare))).median };
  const cells = [bare, agent, added].map(({ min, median }) => `${min.toFixed(1)} / ${median.toFixed(1)}`.padStart(16));
  const judged =
    goal === undefined ? '' : `  goal ${goal}: ${verdict(added.min, goal)} / ${verdict(added.median, goal)}`;
  print(`  ${name.padEnd(32)}${cells.join('')}${judged}`);
}

function printStartUp(pairs) {
  print(`Start-up, ${pairs.length} pairs of runs, min / median (of the pairs' differences under "added")`);
  print(`  ${''.padEnd(32)}${['bare', 'with agent', 'added'].map((head) => head.padStart(16)).join('')}`);
  printRow('ms to the first line', pairs, (one) => one.atFirstLine.elapsedMs, GOAL.elapsedMs);
  printRow('ms of CPU to the first line', pairs, (one) => one.atFirstLine.cpuMs);
  printRow('MB RSS at the first line', pairs, (one) => one.atFirstLine.rssMb, GOAL.rssMb);
  printRow('MB RSS registered and reporting', pairs, (one) => one.later.rssMb);
}

async function main() {
  const folder = makeFolder();
  try {
    const cpus = os.cpus();
    print(
      `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus.length} x ${cpus[0]?.model ?? 'unknown'}`,
    );
    print();
    printSize(await installedSize(folder));
    print();
    printStartUp(await measure(Number(process.argv[2] ?? PAIRS), path.join(folder, 'command')));
  } finally {
    removeFolder(folder);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
