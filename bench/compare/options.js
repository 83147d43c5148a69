'use strict';

const { parseArgs } = require('node:util');
const { AGENTS } = require('../agents/list');
const { SCENARIOS } = require('../apps/list');

const USAGE = `npm run bench -- [options]
  --node PATH|VERSION   another Node.js than this one: 24
  --rounds N            processes of each agent in each scenario, in turn (default 5)
  --quick               two rounds of fewer requests
  --only a,b            of ${AGENTS.map(({ name }) => name).join(', ')}; bare is always there
  --scenario a,b        of ${SCENARIOS.map(({ name }) => name).join(', ')}`;

function chosen(all, list, what, always) {
  if (list === undefined) return all;
  const names = list.split(',');
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`there is no ${what} ${unknown}\n${USAGE}`);
  return all.filter(({ name }) => name === always || names.includes(name));
}

/** The arguments for the other Node.js. */
function withoutNode(values) {
  const given = Object.entries(values).filter(([name, value]) => name !== 'node' && value !== false);
  return given.map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      node: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      scenario: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return { help: USAGE };
  if (values.node !== undefined) return { node: values.node, args: withoutNode(values) };
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is a number of 1 or more\n${USAGE}`);
  return {
    rounds,
    agents: chosen(AGENTS, values.only, 'agent', 'bare'),
    scenarios: chosen(SCENARIOS, values.scenario, 'scenario'),
    /** A burst of all a server takes, some of them; then a steady rate. */
    planOf: (scenario) => ({
      // V8 is done with optimizing only after some seconds.
      warmUp: 2 * scenario.requests,
      requests: quick ? Math.ceil(scenario.requests / 4) : scenario.requests,
      bursts: quick ? 4 : 12,
      leastBursts: quick ? 1 : 2,
      rate: 1_000,
      steadyRequests: quick ? 1_000 : 2_000,
      segmentBursts: scenario.name === 'hello' ? (quick ? 1 : 2) : 0,
    }),
  };
}

module.exports = { readOptions, withoutNode };
