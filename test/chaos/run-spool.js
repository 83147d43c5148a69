#!/usr/bin/env node
'use strict';

/*
 * Eight processes with one spool under load, killed (SIGKILL) and frozen (SIGSTOP) at random, the backend away and
 * wiped, the disk full:
 *
 *     npm run chaos:spool -- [--seconds 60] [--processes 8] [--seed N] [--delivery at-least-once] [--protocol v2]
 *
 * The seed is printed; the same seed throws the same dice, though not at the same moments.
 */

const { parseArgs } = require('node:util');

require('../support/typescript.js');
const { SpoolChaos } = require('./spool-chaos.ts');

async function main() {
  const text = { type: 'string' };
  const options = { seconds: text, processes: text, seed: text, delivery: text, protocol: text };
  const { values } = parseArgs({ options });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const seconds = Number(values.seconds ?? 60);
  const processes = Number(values.processes ?? 8);
  if (![seed, seconds, processes].every((number) => Number.isFinite(number) && number >= 0))
    throw new Error('--seconds, --processes and --seed: expected numbers');
  const deliveries = values.delivery === undefined ? ['at-most-once', 'at-least-once'] : [values.delivery];
  const { protocol = 'v2' } = values;
  for (const delivery of deliveries) {
    console.log(
      `chaos: ${processes} processes, ${seconds} s, --delivery ${delivery} --protocol ${protocol} --seed ${seed}`,
    );
    const breaches = await SpoolChaos.run({ seed, seconds, processes, delivery, protocol, tell: console.log });
    for (const breach of breaches.slice(0, 20)) console.log(`broken: ${breach}`);
    if (breaches.length > 0) process.exitCode = 1;
  }
  console.log(process.exitCode ? 'chaos has won' : 'every sealed block arrived, as the policy says');
}

void main();
