#!/usr/bin/env node
'use strict';

/*
 * Sixteen processes on one command file, written in every way, with processes killed and started at random:
 *
 *     node test/chaos/run.js [--seconds 100] [--processes 16] [--seed N] [--shifted 0.3]
 *
 * The seed is printed; the same seed throws the same dice, though not at the same moments. `--shifted 0.3`: of ten
 * processes, three have a wall clock that is an hour off.
 */

const { parseArgs } = require('node:util');

require('../support/typescript.js');
const { Chaos } = require('./chaos.ts');

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { seconds: text, processes: text, seed: text, shifted: text } });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const seconds = Number(values.seconds ?? 100);
  const processes = Number(values.processes ?? 16);
  const shifted = Number(values.shifted ?? 0.3);
  if (![seed, seconds, processes, shifted].every((number) => Number.isFinite(number) && number >= 0))
    throw new Error('--seconds, --processes and --seed, --shifted: expected numbers');
  console.log(`chaos: ${processes} processes, ${seconds} s, --shifted ${shifted} --seed ${seed}`);
  const breaches = await Chaos.run({ seed, seconds, processes, shifted, tell: (line) => console.log(line) });
  for (const breach of breaches) console.log(`broken: ${breach}`);
  console.log(breaches.length === 0 ? 'nothing was lost, nothing ran twice, every file was whole' : 'chaos has won');
  if (breaches.length > 0) process.exitCode = 1;
}

void main();
