'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { Child } = require('../compare/child');

const FIRST_REQUESTS = 200;
const SETTLE_MS = 1_000;

/**
 * The CPU time of a request, where instructions cannot be counted: all servers live at once and are loaded in turn, so what
 * the machine does meanwhile meets all alike.
 *
 * @param agents each `{ execArgv, env }`
 * @returns for each agent, of each round `{ us }`, a request
 */
async function measureCpu(agents, { app, target, args }, load, { warmUp, requests, rounds }) {
  const servers = [];
  try {
    for (const agent of agents) servers.push(await Child.start(app, { args, ...agent, core: 'server' }));
    const closed = ({ port }, count) => load.ask('closed', { port, target, requests: count });
    for (const server of servers) await closed(server, FIRST_REQUESTS);
    await sleep(SETTLE_MS);
    for (const server of servers) await closed(server, warmUp);
    const found = agents.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [at, server] of servers.entries()) {
        await server.ask('begin');
        await closed(server, requests);
        await server.ask('flush');
        const { cpuUs } = await server.ask('end');
        found[at].push({ us: cpuUs / requests });
      }
    }
    return found;
  } finally {
    for (const server of servers) await server.stop();
  }
}

module.exports = { measureCpu };
