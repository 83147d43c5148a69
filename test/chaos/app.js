'use strict';

/*
 * An application of the chaos run: counts what it was told to count, and says how it is, a line of JSON each. Its wall
 * clock is off by AHEAD_MS.
 */

const { readdirSync, writeSync } = require('node:fs');

const aheadMs = Number(process.env.AHEAD_MS ?? 0);
const { now } = Date;
Date.now = () => now() + aheadMs;

const { start } = require('../../dist');

function say(line) {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {
    // There is no listener any more.
  }
}

const agent = start();
agent.onCommand('count', ({ args }) => say({ type: 'ran', what: args[0] }));
// By then it has looked at the command file for the first time.
void agent.ready().then(() => setTimeout(() => say({ type: 'ready', instance: agent.status().instance }), 500));

const parent = process.ppid;

// Keeps the process up, as long as its parent watches it.
setInterval(() => {
  if (process.ppid !== parent) process.exit();
  global.gc?.();
  const descriptors = readdirSync('/proc/self/fd').length;
  const { instance, registration } = agent.status();
  say({
    type: 'state',
    descriptors,
    heapBytes: process.memoryUsage().heapUsed,
    at: `${instance} ${registration.phase}`,
  });
}, 1_000);
