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
const INSTRUCTION_PLAN = { warmUp: 8_000, requests: 1_000, windows: 5 };
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

function summaryOf(found, unit) {
  const values = found.map((one) => one[unit]);
  const [least] = sorted(values);
  return { middle: median(values), spread: `${number(least, unit)} to ${number(sorted(values).at(-1), unit)}` };
}

/** Round by round, since both have met the same neighbours in each. */
function verdictOn(before, now, unit) {
  const changes = sorted(now.map((one, at) => one[unit] / before[at][unit] - 1));
  const quarter = (share) => changes[Math.floor(share * (changes.length - 1))];
  const change = median(changes);
  const percent = `${Math.abs(100 * change).toFixed(1)} %`;
  if (Math.abs(change) <= TOLERANCE[unit]) return `as much as before (${percent} ${change > 0 ? 'more' : 'less'})`;
  if (quarter(0.25) < 0 && quarter(0.75) > 0) return `nothing that can be told: the rounds disagree (${percent})`;
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
      const { middle, spread } = summaries[at];
      const bytes = found[at][0].bytes === undefined ? '-' : number(median(found[at].map((one) => one.bytes)));
      rows.push([title, name, number(middle, unit), spread, number(middle - summaries[0].middle, unit), bytes]);
    }
    const [, before, now] = found;
    verdicts.push(`${title}: a request takes ${verdictOn(before, now, unit)}`);
  }
  print(table(['', '', `${unit} a request`, 'spread', 'added', 'bytes allocated'], rows));
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
  const countAll = async (agents) => {
    const found = [];
    for (const agent of agents) found.push(await countInstructions(agent, application, load, INSTRUCTION_PLAN));
    return found;
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
