'use strict';

// The application's first line: everything that took time until here was Node, or the agent.
const atFirstLine = {
  elapsedMs: performance.now(),
  cpuMs: cpuMs(),
  rssMb: rssMb(),
};

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

function rssMb() {
  return process.memoryUsage.rss() / 1024 ** 2;
}

/** Registered, a span sent, the command file watched: nothing is left to be loaded. */
async function everythingLoaded() {
  const { start } = require('../../dist/index.js');
  const agent = start();
  await agent.ready(20_000);
  agent.trace('work', () => undefined);
  await agent.flush();
  return agent;
}

async function main() {
  const agent = process.argv.includes('with-agent') ? await everythingLoaded() : undefined;
  // Both sit idle for the same moment.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const later = { rssMb: rssMb() };
  process.stdout.write(JSON.stringify({ atFirstLine, later }));
  await agent?.stop();
}

main();
