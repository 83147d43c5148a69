#!/usr/bin/env node
'use strict';

/*
 * Feeds the parser of the command file and what decides on its words with noise, near misses and hostile files:
 *
 *     node test/control/fuzz/run.js [--count 100000] [--seed N] [--from NUMBER]
 *
 * The seed is printed; the same seed gives the same inputs, and `--from NUMBER --count 1` one of them again.
 */

const path = require('node:path');
const { parseArgs } = require('node:util');
const { Worker } = require('node:worker_threads');

require('../../support/typescript.js');
const { fuzz } = require('./fuzz.ts');
const { growth } = require('./growth.ts');

const HANGS_AFTER_MS = 20_000;
/** Ends the process when it stands still at one input; the thread that hangs cannot. */
const WATCHDOG = `
  const { workerData: { at, seed, limitMs } } = require('node:worker_threads');
  const number = new Int32Array(at);
  let seen = -1;
  setInterval(() => {
    if (number[0] !== seen) return (seen = number[0]);
    require('node:fs').writeSync(2, 'hangs: --seed ' + seed + ' --from ' + seen + ' --count 1\\n');
    process.kill(process.pid, 'SIGKILL');
  }, limitMs);
`;

function numberOf(text, name) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name}: expected a whole number`);
  return number;
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { count: text, seed: text, from: text } });
  const seed = numberOf(values.seed ?? String(Date.now() % 1_000_000), 'seed');
  const count = numberOf(values.count ?? '100000', 'count');
  const from = numberOf(values.from ?? '0', 'from');
  console.log(`${path.basename(__dirname)}: ${count} inputs, --seed ${seed}`);

  const at = new SharedArrayBuffer(4);
  const number = new Int32Array(at);
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: { at, seed, limitMs: HANGS_AFTER_MS } });
  const { finds, slowestMs } = fuzz({ seed, count, from, onInput: (next) => (number[0] = next) });
  await watchdog.terminate();
  for (const { number: which, what, input } of finds)
    console.log(
      `${what}\n  --seed ${seed} --from ${which} --count 1\n  ${JSON.stringify(input.toString('latin1').slice(0, 400))}`,
    );

  // Sixty-four times as much may take so much longer and, on a busy machine, somewhat more; never its square.
  const steep = growth().filter(({ smallMs, largeMs }) => largeMs > 400 * Math.max(smallMs, 0.5));
  for (const { name, smallMs, largeMs } of steep)
    console.log(`${name}: the whole took ${largeMs.toFixed(1)} ms, a 64th ${smallMs.toFixed(2)} ms`);

  console.log(
    `${finds.length + steep.length} finds, the slowest input took ${slowestMs.toFixed(1)} ms of the processor`,
  );
  if (finds.length + steep.length > 0) process.exitCode = 1;
}

void main();
