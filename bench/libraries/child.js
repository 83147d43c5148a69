'use strict';

/*
 * Measures the CPU time of one library's command in this process, with the agent and a trace around every ten of them:
 *
 *     node child.js LIBRARY
 *
 * What the library itself adds to a trace is the difference to a run in which it is disabled.
 */

const path = require('node:path');
const { createRequire } = require('node:module');

const [library] = process.argv.slice(2);
const ROUNDS = 9;
const ROUND_MS = 150;
const IN_A_TRACE = 10;

const required = createRequire(path.join(process.env.LIBRARIES, 'package.json'));
const agent = require('../../dist').start({ serviceName: 'bench', logLevel: 'error' });
const server = { host: '127.0.0.1', port: Number(process.env.SERVER_PORT) };

const OPENERS = {
  async pg() {
    const { Client } = required('pg');
    const client = new Client({ ...server, user: 'postgres', database: 'postgres' });
    await client.connect();
    return { call: () => client.query('select $1::int as n', [7]), close: () => client.end() };
  },
  async mysql2() {
    const connection = await required('mysql2/promise').createConnection({
      ...server,
      user: 'root',
      database: 'mysql',
    });
    return { call: () => connection.query('select ? as n', [7]), close: () => connection.end() };
  },
  async ioredis() {
    const { Redis } = required('ioredis');
    const redis = new Redis(server);
    return { call: () => redis.get('key'), close: () => redis.quit() };
  },
  async redis() {
    const client = required('redis').createClient({ socket: server });
    await client.connect();
    return { call: () => client.get('key'), close: () => client.close() };
  },
};

/** @returns microseconds of CPU time for one command */
async function round(call, durationMs) {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let calls = 0;
  while (performance.now() - startedAt < durationMs) {
    for (let n = 0; n < 10; n++) {
      await agent.trace('ten commands', async () => {
        for (let m = 0; m < IN_A_TRACE; m++) await call();
      });
      calls += IN_A_TRACE;
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function main() {
  const { call, close } = await OPENERS[library]();
  await agent.ready(10_000);
  await round(call, 4 * ROUND_MS);
  const rounds = [];
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(call, ROUND_MS));
  const { accepted } = agent.status().segments;
  await close();
  await agent.stop();
  process.stdout.write(JSON.stringify({ rounds, accepted }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
