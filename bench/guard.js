'use strict';

/*
 * What a request costs with this commit and with the last release, in one run: `npm run bench:guard [-- --help]`. Tells,
 * and never fails by what it tells.
 */

const path = require('node:path');
const { parseArgs } = require('node:util');
const { AGENTS } = require('./agents/list');
const { SCENARIOS } = require('./apps/list');
const { Child } = require('./compare/child');
const { runOn } = require('./compare/on-node');
const { withoutNode } = require('./compare/options');
const { table } = require('./command/table');
const { measureCpu } = require('./guard/cpu');
const { canCount, countInstructions } = require('./guard/instructions');
const { buildOf, lastRelease } = require('./guard/release');

const USAGE = `npm run bench:guard -- [options]
  --node PATH|VERSION   another Node.js than this one: 24
  --against REF         what to compare with (default: the last tag)
  --scenario NAME       of ${SCENARIOS.map(({ name }) => name).join(', ')} (default hello)
  --cpu                 CPU time in turn, also where valgrind could count instructions`;

/** A difference of less says nothing. */
const TOLERANCE = { instructions: 0.01, us: 0.03 };
const INSTRUCTION_PLAN = { processes: 2, warmUp: 8_000, requests: 1_000, windows: 6 };
const CPU_PLAN = { warmUp: 16_000, requests: 4_000, rounds: 15 };
/** Nothing listens there. */
const NO_BACKEND = '127.0.0.1:1';

const print = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line) => process.stderr.write(`${line}\n`);

/** Bare Node, then both builds, to a backend and without one. */
function variants(builds, sink) {
  const preload = ['--require', path.join(__dirname, 'agents', 'skyanchor.js')];
  const { env, protocol } = AGENTS.find(({ name }) => name === 'skyanchor');
  const ours = (address, more) =>
    builds.map(({ title, index }) => ({
      title,
      agent: { execArgv: preload, env: { ...env(address), BENCH_DIST: index, SW_AGENT_LOGGING_LEVEL: 'off', ...more } },
    }));
  return {
    bare: { title: 'no agent', agent: { execArgv: [], env: {} } },
    modes: [
      { title: 'sent to a backend (v2)', pair: ours(`127.0.0.1:${sink.ports[protocol]}`) },
      // With the buffer that an application has by default.
      { title: 'without a backend', pair: ours(NO_BACKEND, { SW_AGENT_MAX_BUFFER_SIZE: '10000' }) },
    ],
  };
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
const number = (value, unit) => value.toFixed(unit === 'us' ? 2 : 0);

const least = (values) => sorted(values)[0];

/** What disturbs a count adds to it, a compiler most of all; CPU time goes up and down. */
const TYPICAL = { instructions: least, us: median };

function summaryOf(found, unit) {
  const values = found.map((one) => one[unit]);
  const [lowest] = sorted(values);
  return {
    typical: TYPICAL[unit](values),
    spread: `${number(lowest, unit)} to ${number(sorted(values).at(-1), unit)}`,
  };
}

function verdictOn(before, now, unit) {
  return unit === 'us' ? verdictOnCpu(before, now) : verdictOnCount(before, now);
}

function verdictOnCount(before, now) {
  const [was, is] = [before, now].map((windows) => summaryOf(windows, 'instructions').typical);
  return changed(is / was - 1, 'instructions');
}

/** Round by round, since both have met the same neighbours in each. */
function verdictOnCpu(before, now) {
  const unit = 'us';
  const changes = sorted(now.map((one, at) => one[unit] / before[at][unit] - 1));
  const quarter = (share) => changes[Math.floor(share * (changes.length - 1))];
  const change = median(changes);
  if (Math.abs(change) > TOLERANCE[unit] && quarter(0.25) < 0 && quarter(0.75) > 0) {
    return `nothing that can be told: the rounds disagree (${percentOf(change)})`;
  }
  return changed(change, unit);
}

const percentOf = (change) => `${Math.abs(100 * change).toFixed(1)} %`;

function changed(change, unit) {
  const percent = percentOf(change);
  if (Math.abs(change) <= TOLERANCE[unit]) return `as much as before (${percent} ${change > 0 ? 'more' : 'less'})`;
  return change > 0 ? `MORE than before by ${percent}` : `less than before by ${percent}`;
}

/** @param measure gets agents, returns what was found of each */
async function compare({ bare, modes }, unit, measure) {
  const rows = [];
  const verdicts = [];
  for (const { title, pair } of modes) {
    const all = [bare, ...pair];
    progress(`${title} ...`);
    const found = await measure(all.map(({ agent }) => agent));
    const summaries = found.map((one) => summaryOf(one, unit));
    for (const [at, { title: name }] of all.entries()) {
      const { typical, spread } = summaries[at];
      const bytes = found[at][0].bytes === undefined ? '-' : number(median(found[at].map((one) => one.bytes)));
      rows.push([title, name, number(typical, unit), spread, number(typical - summaries[0].typical, unit), bytes]);
    }
    const [, before, now] = found;
    verdicts.push(`${title}: a request takes ${verdictOn(before, now, unit)}`);
  }
  print(table(['', '', `${unit} a request, ${TYPICAL[unit].name}`, 'spread', 'added', 'bytes allocated'], rows));
  print();
  for (const verdict of verdicts) print(verdict);
}

async function main() {
  const { values } = parseArgs({
    options: {
      node: { type: 'string' },
      against: { type: 'string' },
      scenario: { type: 'string', default: 'hello' },
      cpu: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const scenario = SCENARIOS.find(({ name }) => name === values.scenario);
  if (values.help || !scenario) {
    print(USAGE);
    return;
  }
  if (values.node) {
    runOn(values.node, __filename, withoutNode(values));
    return;
  }
  const ref = values.against ?? lastRelease();
  progress(`building ${ref} ...`);
  const release = buildOf(ref);
  const builds = [
    { title: ref, index: release.index },
    { title: 'this commit', index: path.join(__dirname, '..', 'dist', 'index.js') },
  ];
  const isCounting = canCount && !values.cpu;
  const others = { core: 'others' };
  const sink = await Child.start(path.join(__dirname, 'sink', 'main.js'), others);
  const load = await Child.start(path.join(__dirname, 'load', 'main.js'), others);
  const stock = await Child.start(path.join(__dirname, 'apps', 'stock.js'), others);
  const application = {
    app: path.join(__dirname, 'apps', `${scenario.name}.js`),
    target: scenario.target,
    args: scenario.needsStock ? [String(stock.port)] : [],
  };
  const counted = new Map();
  const countAll = async (agents) => {
    for (const agent of agents) {
      // Bare Node is the same in both modes.
      if (!counted.has(agent)) counted.set(agent, await countInstructions(agent, application, load, INSTRUCTION_PLAN));
    }
    return agents.map((agent) => counted.get(agent));
  };
  print(`Node ${process.version}, ${scenario.title}: this commit beside ${ref}`);
  print(isCounting ? 'Instructions, by callgrind.\n' : 'CPU time, the servers in turn.\n');
  try {
    const all = variants(builds, sink);
    if (isCounting) await compare(all, 'instructions', countAll);
    else await compare(all, 'us', (agents) => measureCpu(agents, application, load, CPU_PLAN));
  } finally {
    for (const child of [sink, load, stock]) await child.stop();
    release.remove();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
});
