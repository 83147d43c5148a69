'use strict';

/*
 * What the agent costs under sustained load, beside no agent at all, the floor and other agents, on one Node.js or on
 * several: `npm run bench [-- --help]`. Prints tables in Markdown with the goals, and never fails by what they say.
 */

const os = require('node:os');
const path = require('node:path');
const { BY_DEFAULT, absence } = require('./agents/list');
const { Child, canPin } = require('./compare/child');
const { install } = require('./compare/install');
const { measure } = require('./compare/measure');
const { runOn } = require('./compare/on-node');
const { readOptions } = require('./compare/options');
const { share, tables } = require('./compare/rows');
const { costsOf, shareOf, summaryOf } = require('./compare/summary');
const { Visit } = require('./compare/visit');

const print = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line) => process.stderr.write(`${line}\n`);

/** All of it on this Node.js. */
async function run(options) {
  const fault = install();
  const reasons = new Map(options.agents.map((agent) => [agent, absence(agent)]));
  const agents = options.agents.filter((agent) => !reasons.get(agent));
  const notes = options.agents
    .filter((agent) => reasons.get(agent))
    .map((agent) => `${agent.title}: ${reasons.get(agent)}${fault ? `; ${fault}` : ''}.`);
  const loadAverage = os.loadavg()[0];
  const others = { core: 'others' };
  const stage = {
    sink: await Child.start(path.join(__dirname, 'sink', 'main.js'), others),
    load: await Child.start(path.join(__dirname, 'load', 'main.js'), others),
    stock: await Child.start(path.join(__dirname, 'apps', 'stock.js'), others),
  };
  try {
    const results = [];
    const scenarios = [];
    for (const scenario of options.scenarios) {
      const present = agents.filter(({ isPart }) => !isPart || scenario.name === 'hello');
      const found = await measure(present, scenario, stage, options.plan, progress);
      results.push(found);
      scenarios.push(summaryOf(scenario, found));
    }
    for (const agent of agents.filter(({ name }) => BY_DEFAULT[name])) {
      notes.push(await sayDefault(agent, options.scenarios[0], stage, options.plan));
    }
    const costs = options.plan.segmentBursts > 0 ? costsOf(agents, results) : [];
    return { node: process.versions.node, loadAverage, notes, scenarios, costs };
  } finally {
    for (const child of Object.values(stage)) await child.stop();
  }
}

/** What an agent traces of the same load with its default buffer. */
async function sayDefault(agent, scenario, stage, { warmUpMs, roundMs }) {
  const visit = await Visit.start({ ...agent, env: BY_DEFAULT[agent.name] }, scenario, stage);
  try {
    await visit.closed({ durationMs: warmUpMs });
    const rounds = [await visit.closed({ durationMs: roundMs }), await visit.closed({ durationMs: roundMs })];
    return `${agent.title}, with its own buffer, at full load: ${share(shareOf(rounds))} traced.`;
  } finally {
    await visit.stop();
  }
}

function printHead(results, { processes, rounds, roundMs }) {
  const cpus = os.cpus();
  const at = results.map(({ node, loadAverage }) => `${node} ${loadAverage.toFixed(1)}`);
  print(
    `${process.platform} ${process.arch}, ${cpus.length} x ${cpus[0]?.model ?? 'unknown'}; load average at the start: ${at.join(', ')}.`,
  );
  print(
    canPin
      ? 'The server has a core of its own, what loads it and what it reports to have another.'
      : 'No process is pinned to a core here, so what loads the server takes time from it.',
  );
  print(
    `Sustained load, ${processes * rounds} rounds of ${roundMs / 1_000} s in ${processes} processes of each, in turn: median of pairs with the round without an agent (quartiles). CPU is that of the whole process until everything is delivered.`,
  );
  for (const { node, notes } of results) for (const note of notes) print(`Node ${node}: ${note}`);
  print();
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    print(options.help);
    return;
  }
  const results = options.node
    ? runOn(options.node, __filename, options.args, 'pipe').flatMap((written) => JSON.parse(written || '[]'))
    : [await run(options)];
  if (options.isJson) {
    print(JSON.stringify(results));
    return;
  }
  if (results.length === 0) return;
  printHead(results, options.plan);
  print(tables(results));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
