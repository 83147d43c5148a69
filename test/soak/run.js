#!/usr/bin/env node
'use strict';

/*
 * Three processes that ask each other, with the agent in them, while everything goes wrong with their backend, one thing
 * after the other, and an operator writes a reset each second:
 *
 *     npm run soak -- [--minutes 10] [--seed N] [--protocol v2,v3]
 *
 * The protocols share the minutes. The seed is printed; the same seed makes the same choices, though not at the same moments.
 */

const { parseArgs } = require('node:util');

require('../support/typescript.js');
const { Soak } = require('./soak.ts');

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { minutes: text, seed: text, protocol: text } });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const minutes = Number(values.minutes ?? 10);
  if (![seed, minutes].every((number) => Number.isFinite(number) && number >= 0))
    throw new Error('--minutes and --seed: expected numbers');
  const protocols = (values.protocol ?? 'v2,v3').split(',');
  console.log(`soak: --minutes ${minutes} --seed ${seed}`);
  for (const protocol of protocols) {
    const seconds = (minutes * 60) / protocols.length;
    const breaches = await Soak.run({ seed, seconds, protocol, tell: (line) => console.log(`${protocol}: ${line}`) });
    for (const breach of breaches) console.log(`broken: ${breach}`);
    if (breaches.length > 0) process.exitCode = 1;
  }
  console.log(process.exitCode ? 'something broke' : 'nothing was lost without being counted, and nothing has grown');
}

void main();
