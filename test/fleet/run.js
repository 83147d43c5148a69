#!/usr/bin/env node
'use strict';

/*
 * Many agents on a fake clock and a fake network, with the agent's own code for connecting and registering:
 *
 *     npm run fleet -- [--agents 10000] [--seed 1] [--only wipe,outage] [--protocol v2,v3]
 *
 * Prints what arrives at the backend while the fleet comes back.
 */

const { parseArgs } = require('node:util');

require('../support/typescript.js');
const { SCENARIOS } = require('./scenarios.ts');

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { agents: text, seed: text, only: text, protocol: text } });
  const agents = Number(values.agents ?? 10_000);
  const seed = Number(values.seed ?? 1);
  if (!(Number.isInteger(agents) && agents > 0 && Number.isFinite(seed)))
    throw new Error('--agents, --seed: expected numbers');
  const only = values.only?.split(',');
  const protocols = (values.protocol ?? 'v2,v3').split(',');
  console.log(`fleet: ${agents} agents, --seed ${seed}`);
  for (const { name, run } of SCENARIOS) {
    if (only && !only.includes(name)) continue;
    for (const protocol of protocols) {
      const startedAt = performance.now();
      for (const line of await run({ agents, seed, protocol })) console.log(`${protocol}, ${name}: ${line}`);
      console.log(`  (simulated in ${Math.round((performance.now() - startedAt) / 1_000)} s)`);
    }
  }
}

void main();
