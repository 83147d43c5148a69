'use strict';

const { parseArgs } = require('node:util');
const { AGENTS } = require('../agents/list');
const { SCENARIOS } = require('../apps/list');

const names = (all) => all.map(({ name }) => name).join(', ');

const USAGE = `npm run bench -- [options]
  --node LIST       other Node.js than this one, one after the other: paths, or versions as 20,22,24,26
  --quick           hello and express; the agent with and without a backend, and the floor; fewer rounds
  --peers           other agents, too
  --only LIST       of ${names(AGENTS)}; bare is always there
  --scenario LIST   of ${names(SCENARIOS)}
  --processes N     of each agent in each scenario, one after the other (default 3, quick 2)
  --rounds N        of each process, in turn with those of the other agents (default 6, quick 5)
  --json            what was measured, for another program`;

const QUICK = {
  agents: ['bare', 'context', 'floor', 'no-backend', 'skyanchor'],
  scenarios: ['hello', 'express'],
};

function chosen(all, list, what) {
  const unknown = list.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`there is no ${what} ${unknown}\n${USAGE}`);
  return all.filter(({ name }) => list.includes(name));
}

/** The arguments for the other Node.js. */
function withoutNode(values) {
  const given = Object.entries(values).filter(([name, value]) => name !== 'node' && value !== false);
  return given.map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

function count(text, byDefault, name) {
  const value = Number(text ?? byDefault);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a number of 1 or more\n${USAGE}`);
  return value;
}

function agentsOf({ only, quick, peers }) {
  if (only !== undefined) return chosen(AGENTS, ['bare', ...only.split(',')], 'agent');
  return AGENTS.filter(({ name, isPeer }) => (isPeer ? peers : !quick || QUICK.agents.includes(name)));
}

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      node: { type: 'string' },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      only: { type: 'string' },
      scenario: { type: 'string' },
      processes: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return { help: USAGE };
  const { quick, scenario } = values;
  return {
    node: values.node,
    isJson: values.json,
    /** For a process of another Node.js. */
    args: withoutNode({ ...values, json: true }),
    agents: agentsOf(values),
    scenarios: chosen(
      SCENARIOS,
      scenario?.split(',') ?? (quick ? QUICK.scenarios : SCENARIOS.map(({ name }) => name)),
      'scenario',
    ),
    plan: {
      processes: count(values.processes, quick ? 2 : 3, 'processes'),
      rounds: count(values.rounds, quick ? 5 : 6, 'rounds'),
      // V8 is done with optimizing only after some seconds.
      warmUpMs: quick ? 2_500 : 4_000,
      // Long enough for several collections of garbage, and for what is delivered to be in the way of what is traced.
      roundMs: 1_200,
      /** Requests a second and requests of the steady load; segments at once. */
      steady: quick ? undefined : { rate: 1_000, requests: 2_000 },
      segmentBursts: quick ? 0 : 2,
      allocation: { warmUp: 8_000, first: 500, requests: 5_000 },
    },
  };
}

module.exports = { readOptions, withoutNode };
