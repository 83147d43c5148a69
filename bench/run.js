'use strict';

/*
 * The agent beside the others, and all beside no agent at all, in one run: `npm run bench [-- --help]`. Tells, and never
 * fails by what it tells.
 */

const os = require('node:os');
const path = require('node:path');
const { BY_DEFAULT, absence } = require('./agents/list');
const { Child, canPin } = require('./compare/child');
const { install } = require('./compare/install');
const { runOn } = require('./compare/on-node');
const { readOptions } = require('./compare/options');
const { COST_TITLES, GOALS, LOAD_TITLES, costRow, loadRow, share } = require('./compare/rows');
const { installedBytes } = require('./compare/size');
const { visit } = require('./compare/visit');
const { table } = require('./command/table');

const print = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line) => process.stderr.write(`${line}\n`);

function printHead(rounds) {
  const cpus = os.cpus();
  print(
    `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus.length} x ${cpus[0]?.model ?? 'unknown'}`,
  );
  print(`${rounds} rounds; load average at the start ${os.loadavg()[0].toFixed(1)}`);
  print(
    canPin
      ? 'The server has a core of its own, what loads it and what it reports to have another.'
      : 'No process is pinned to a core here, so what loads the server takes time from it.',
  );
}

/** Rounds in turn, each time beginning with another agent: what the machine does meanwhile meets all alike. */
async function measure(agents, scenario, stage, { rounds, planOf }) {
  const visits = new Map(agents.map((agent) => [agent, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % agents.length;
    for (const agent of [...agents.slice(first), ...agents.slice(0, first)]) {
      progress(`${scenario.name}, round ${round + 1} of ${rounds}: ${agent.name}`);
      try {
        visits.get(agent).push(await visit(agent, scenario, stage, planOf(scenario)));
      } catch (error) {
        progress(`  failed: ${error.message}`);
      }
    }
  }
  return visits;
}

/** What an agent traces of the same load with its default buffer. */
async function sayDefault(agent, scenario, stage, plan) {
  const env = BY_DEFAULT[agent.name];
  const { bursts } = await visit({ ...agent, env }, scenario, stage, {
    ...plan,
    bursts: 1,
    leastBursts: 1,
    segmentBursts: 0,
  });
  print(`${agent.title} with its own buffer, at full load: ${share(bursts)} traced.`);
}

function printScenario(scenario, visits) {
  const [bare] = [...visits].find(([{ name }]) => name === 'bare').slice(1);
  print(`\n### ${scenario.title}\n`);
  const rows = [...visits].filter(([, own]) => own.length > 0).map(([agent, own]) => loadRow(agent, own, bare));
  const goal = GOALS.load[scenario.name];
  print(table(LOAD_TITLES, goal ? [...rows, goal] : rows));
  for (const [agent, own] of visits) if (own.length === 0) print(`\n${agent.title}: failed in every round.`);
}

function printCosts(agents, results) {
  const all = (agent) => results.flatMap((visits) => visits.get(agent) ?? []);
  const bare = all(agents.find(({ name }) => name === 'bare'));
  const rows = agents
    .filter((agent) => !agent.isPart && all(agent).length > 0)
    .map((agent) => costRow(agent, all(agent), bare, installedBytes(agent)));
  print('\n### Whatever the application\n');
  print(table(COST_TITLES, [...rows, GOALS.cost]));
}

/** The parts know nothing of local spans. */
function agentsFor({ name }, agents) {
  return name === 'api' ? agents.filter(({ isPart }) => !isPart) : agents;
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    print(options.help);
    return;
  }
  if (options.node) {
    runOn(options.node, __filename, options.args);
    return;
  }
  const fault = install();
  const absent = options.agents.map((agent) => [agent, absence(agent)]).filter(([, reason]) => reason);
  const agents = options.agents.filter((agent) => !absence(agent));
  printHead(options.rounds);
  for (const [agent, reason] of absent) print(`${agent.title}: ${reason}${fault ? `; ${fault}` : ''}.`);
  const others = { core: 'others' };
  const stage = {
    sink: await Child.start(path.join(__dirname, 'sink', 'main.js'), others),
    load: await Child.start(path.join(__dirname, 'load', 'main.js'), others),
    stock: await Child.start(path.join(__dirname, 'apps', 'stock.js'), others),
  };
  try {
    const results = [];
    for (const scenario of options.scenarios) {
      const visits = await measure(agentsFor(scenario, agents), scenario, stage, options);
      printScenario(scenario, visits);
      results.push(visits);
    }
    printCosts(agents, results);
    print();
    const [scenario] = options.scenarios;
    for (const agent of agents.filter(({ name }) => BY_DEFAULT[name])) {
      await sayDefault(agent, scenario, stage, options.planOf(scenario));
    }
  } finally {
    for (const child of Object.values(stage)) await child.stop();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
