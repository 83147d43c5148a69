'use strict';

/*
 * What the spool costs: `npm run bench:spool [-- --rounds 5 --mb 200 --seconds 10]`. Hello world with a healthy backend,
 * 20,000 segments a second while there is none, and a spool that is read back. Tells, and never fails by what it tells.
 */

const { mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { AGENTS } = require('./agents/list');
const { SCENARIOS } = require('./apps/list');
const { Child } = require('./compare/child');
const { Visit } = require('./compare/visit');
const { table } = require('./command/table');

const RATE = 20_000;
/** There is no server at this port. */
const NOWHERE = '127.0.0.1:1';
const WARM_UP_MS = 2_500;
const ROUND_MS = 1_200;
const MB = 1024 ** 2;
const SMALL_MB = 16;

const print = (line = '') => process.stdout.write(`${line}\n`);
const folder = mkdtempSync(path.join(os.tmpdir(), 'skyanchor-bench-spool-'));
let directories = 0;
const newDirectory = () => path.join(folder, String(++directories));

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const shown = (value, digits = 2) => (value === undefined ? '-' : value.toFixed(digits));

async function ask(question) {
  const script = path.join(__dirname, 'spool', 'process.js');
  const child = await Child.start(script, { execArgv: ['--expose-gc'], core: 'server' });
  try {
    return await child.ask('run', question);
  } finally {
    await child.stop();
  }
}

/** With and without in turn, each pair on the same machine at the same time. */
async function pairs(rounds, one) {
  const found = { off: [], on: [] };
  for (let round = 0; round < rounds; round++)
    for (const which of round % 2 ? ['on', 'off'] : ['off', 'on']) found[which].push(await one(which === 'on'));
  return found;
}

async function helloWorld(stage, rounds) {
  const scenario = SCENARIOS.find(({ name }) => name === 'hello');
  const agent = AGENTS.find(({ name }) => name === 'skyanchor');
  const found = await pairs(rounds, async (isOn) => {
    const env = (address) => ({
      ...agent.env(address),
      ...(isOn && { SW_AGENT_SPOOL_DIRECTORY: newDirectory() }),
    });
    const visit = await Visit.start({ ...agent, env }, scenario, stage);
    try {
      await visit.closed({ durationMs: WARM_UP_MS });
      const { cpuUs, requests } = await visit.closed({ durationMs: ROUND_MS });
      const { p99 } = await visit.steady(1_000, 1_000);
      return { cpuUs: cpuUs / requests, p99 };
    } finally {
      await visit.stop();
    }
  });
  print('\n### Hello world, a backend is there\n');
  const row = (title, of) => [
    title,
    shown(Math.min(...of.map(({ cpuUs }) => cpuUs))),
    shown(median(of.map(({ cpuUs }) => cpuUs))),
    shown(median(of.map(({ p99 }) => p99))),
  ];
  print(
    table(['spool', 'CPU, us a request, least', 'median', 'p99, ms'], [row('off', found.off), row('on', found.on)]),
  );
  const differences = found.on.map(({ cpuUs }, at) => cpuUs - found.off[at].cpuUs);
  print(`\nOn less off, pair by pair: ${differences.map((value) => shown(value)).join(', ')} us.`);
}

async function spilling(rounds, seconds) {
  const run = (isWatched) =>
    pairs(rounds, async (isOn) => {
      const directory = isOn ? newDirectory() : undefined;
      const result = await ask({ task: 'spill', backends: NOWHERE, directory, rate: RATE, seconds, isWatched });
      if (directory) rmSync(directory, { recursive: true, force: true });
      return result;
    });
  const cpu = await run(false);
  const watched = await run(true);
  print(`\n### No backend, ${RATE.toLocaleString('en-US')} segments a second\n`);
  const row = (title, which) => [
    title,
    shown(median(cpu[which].map(({ cpuUs }) => cpuUs))),
    shown(Math.min(...cpu[which].map(({ cpuUs }) => cpuUs))),
    shown(median(watched[which].map(({ p9999Ms }) => p9999Ms))),
    shown(median(watched[which].map(({ worstMs }) => worstMs))),
    shown(Math.min(...watched[which].map(({ worstMs }) => worstMs))),
  ];
  print(
    table(
      ['spool', 'CPU, us a segment, median', 'least', 'stall p99.99, ms', 'worst, median', 'worst, least'],
      [row('off (dropped)', 'off'), row('on', 'on')],
    ),
  );
  const { segments, spool } = cpu.on.at(-1).status;
  print(
    `\nThe last one spooled ${segments.spooled} and dropped ${segments.dropped}; ${spool.bytes} bytes on the disk.`,
  );
}

async function readingBack({ sink }, mb) {
  const backends = `127.0.0.1:${sink.ports.v3}`;
  const deliver = async (megabytes) => {
    const directory = newDirectory();
    const filled = await ask({ task: 'fill', backends: NOWHERE, directory, bytes: megabytes * MB });
    return { ...filled, ...(await ask({ task: 'deliver', backends, directory, segments: filled.segments })) };
  };
  // What a process takes that delivers at all; what a larger spool takes beyond that must not grow with it.
  const small = await deliver(SMALL_MB);
  const full = await deliver(mb);
  const seconds = full.ms / 1_000;
  print('\n### Read back\n');
  print(
    table(
      ['spool', 'segments', 'files', 'MB/s', 'segments/s', 'RSS at its highest, MB', `over one of ${SMALL_MB} MB`],
      [
        [
          `${Math.round(full.bytes / MB)} MB`,
          full.segments.toLocaleString('en-US'),
          String(full.files),
          shown(full.bytes / MB / seconds, 1),
          Math.round(full.segments / seconds).toLocaleString('en-US'),
          shown(full.rssMb, 1),
          shown(full.rssMb - small.rssMb, 1),
        ],
      ],
    ),
  );
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { rounds: text, mb: text, seconds: text, only: text } });
  const [rounds, mb, seconds] = [values.rounds ?? 5, values.mb ?? 200, values.seconds ?? 10].map(Number);
  if (![rounds, mb, seconds].every((number) => number > 0))
    throw new Error('--rounds, --mb, --seconds: numbers above 0');
  const isMeant = (name) => values.only === undefined || values.only === name;
  print(`Node ${process.version}, ${os.cpus().length} x ${os.cpus()[0]?.model}; load ${os.loadavg()[0].toFixed(1)}`);
  const scripts = { sink: ['sink', 'main.js'], load: ['load', 'main.js'], stock: ['apps', 'stock.js'] };
  const stage = {};
  try {
    for (const [name, script] of Object.entries(scripts))
      stage[name] = await Child.start(path.join(__dirname, ...script), { core: 'others' });
    if (isMeant('hello')) await helloWorld(stage, rounds);
    if (isMeant('spill')) await spilling(rounds, seconds);
    if (isMeant('read')) await readingBack(stage, mb);
  } finally {
    for (const child of Object.values(stage)) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
