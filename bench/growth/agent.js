'use strict';

/* The agent of a process that measures its growth; from within, since no application has a million names at hand. */

const { setImmediate: turn } = require('node:timers/promises');
const { RunningAgent } = require('../../dist/agent/running-agent.js');
const { processConfig } = require('../../dist/config/process-config.js');

const MB = 1024 ** 2;
/** How many at a stretch; then the event loop has a turn. */
const STRETCH = 256;
/** Half of what the buffer takes. Nothing is to be dropped while the backend is there. */
const MAX_WAITING = 5_000;

/** @param clock absent: the real one */
function agentOf(options, clock) {
  const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  const config = processConfig({ serviceName: 'shop', instanceName: 'shop-one', logger: silent, ...options });
  return new RunningAgent(config, { clock });
}

/** Calls `one(i)` for each i below `count` as fast as the agent delivers; CPU time of each call, delivery included. */
async function inStretches(agent, count, one) {
  const begun = process.cpuUsage();
  for (let i = 0; i < count;) {
    for (const end = Math.min(count, i + STRETCH); i < end; i++) one(i);
    do await turn();
    while (agent.status().segments.buffered > MAX_WAITING);
  }
  await agent.flush(60_000);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / count;
}

function memory() {
  globalThis.gc();
  return {
    heapMb: process.memoryUsage().heapUsed / MB,
    rssMb: process.memoryUsage.rss() / MB,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
}

/** Answers the one question that the parent has. */
function answer(run) {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, ...question }) => {
    try {
      process.send({ id, ...(await run(question)) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  process.send({ ready: true });
}

module.exports = { agentOf, answer, inStretches, memory };
