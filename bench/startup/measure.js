'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { environment, run } = require('../../test/package/sandbox');

const APP = path.join(__dirname, 'app.js');
const REGISTER = path.join(__dirname, '..', '..', 'dist', 'register.js');

async function oneRun(args, env) {
  const { stdout } = await run(process.execPath, args, { env });
  return JSON.parse(stdout);
}

/** Pairs of runs, one bare and one with the agent, in an order that changes from pair to pair. */
async function measure(pairs, commandFile) {
  const collector = spawn(process.execPath, [path.join(__dirname, 'collector.js')], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(collector, 'exit');
  try {
    const [address] = await Promise.race([once(collector.stdout, 'data'), ended]);
    const env = {
      SW_AGENT_NAME: 'bench',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: String(address),
      SW_AGENT_COMMAND_FILE: commandFile,
    };
    const bare = () => oneRun([APP], env);
    const agent = () => oneRun(['--require', REGISTER, APP, 'with-agent'], env);
    // What the file system had to fetch, it has from here on.
    await bare();
    await agent();
    const results = [];
    for (let pair = 0; pair < pairs; pair++) {
      if (pair % 2 === 0) results.push({ bare: await bare(), agent: await agent() });
      else results.push({ agent: await agent(), bare: await bare() });
    }
    return results;
  } finally {
    collector.stdin.end();
    await ended;
  }
}

module.exports = { measure };
