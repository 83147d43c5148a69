#!/usr/bin/env node
'use strict';

/*
 * Three processes that ask each other, with the agent in them, while everything goes wrong with their backend, one thing
 * after the other, and an operator writes a reset each second:
 *
 *     npm run soak -- [--minutes 10] [--seed N] [--protocol v2,v3] [--speed 1]
 *
 * The protocols share the minutes. The seed is printed; the same seed makes the same choices, though not at the same moments.
 * With a speed the clocks of the agents and of the backend are as many times as fast, and the minutes are theirs:
 * `--minutes 60 --speed 15` takes four. The visits come as fast as ever.
 */

const { parseArgs } = require('node:util');

require('../support/typescript.js');
const { systemClock } = require('../../src/base/clock.ts');
const { Soak } = require('./soak.ts');
const { squeeze } = require('./squeeze.js');

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { minutes: text, seed: text, protocol: text, speed: text } });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const minutes = Number(values.minutes ?? 10);
  const speed = Number(values.speed ?? 1);
  if (![seed, minutes, speed - 1].every((number) => Number.isFinite(number) && number >= 0))
    throw new Error('--minutes, --seed and --speed: expected numbers, the last one at least 1');
  // The backend's.
  squeeze(systemClock, speed);
  const protocols = (values.protocol ?? 'v2,v3').split(',');
  console.log(`soak: --minutes ${minutes} --seed ${seed} --speed ${speed}`);
  for (const protocol of protocols) {
    const seconds = (minutes * 60) / protocols.length;
    const breaches = await Soak.run({
      seed,
      seconds,
      speed,
      protocol,
      tell: (line) => console.log(`${protocol}: ${line}`),
    });
    for (const breach of breaches) console.log(`broken: ${breach}`);
    if (breaches.length > 0) process.exitCode = 1;
  }
  console.log(process.exitCode ? 'something broke' : 'nothing was lost without being counted, and nothing has grown');
}

void main();
