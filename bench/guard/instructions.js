'use strict';

/*
 * Instructions and bytes a request, as callgrind and V8 count them: they do not depend on what else the machine does.
 * Counted are windows of one warm process, so that neither its start nor V8's compilers are in them.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Child } = require('../compare/child');

/**
 * One thread. The young generation has room for all that the windows allocate, so no garbage is collected meanwhile, and
 * what the heap grows by is what was allocated.
 */
const STEADY = ['--single-threaded', '--min-semi-space-size=256', '--max-semi-space-size=256'];
/** `mark` of the applications calls it. */
const MARK = 'uv_os_gethostname';
const FIRST_REQUESTS = 200;
/** For the agent to register. */
const SETTLE_MS = 3_000;

const canCount = spawnSync('valgrind', ['--version']).status === 0;

/**
 * @param under the agent: `{ execArgv, env }`
 * @returns of each window of each process `{ instructions, bytes }`, a request
 */
async function countInstructions(under, application, load, plan) {
  const found = [];
  // The same code is compiled to other instructions where it ran in another order while it was cold.
  for (let seed = 1; seed <= plan.processes; seed++)
    found.push(...(await countOne(under, application, load, plan, seed)));
  return found;
}

async function countOne(under, { app, target, args }, load, { warmUp, requests, windows }, seed) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-guard-'));
  const valgrind = ['valgrind', '--quiet', '--tool=callgrind', '--smc-check=all-non-file', '--log-file=/dev/null'];
  const server = await Child.start(app, {
    args,
    env: under.env,
    execArgv: [
      ...STEADY,
      `--random-seed=${seed}`,
      `--hash-seed=${seed}`,
      '--require',
      path.join(__dirname, 'slow-timers.js'),
      ...under.execArgv,
    ],
    under: [...valgrind, `--callgrind-out-file=${path.join(directory, 'out')}`, `--dump-before=${MARK}`],
  });
  const closed = (count) => load.ask('closed', { port: server.port, target, requests: count, isCalm: true });
  const mark = async () => {
    // Each window has the delivery of the one before in it.
    await server.ask('flush');
    const { heapBytes } = await server.ask('mark');
    return { instructions: takeTotal(directory), heapBytes };
  };
  try {
    await closed(FIRST_REQUESTS);
    await sleep(SETTLE_MS);
    await closed(warmUp);
    const found = [];
    let before = await mark();
    while (found.length < windows) {
      await closed(requests);
      const now = await mark();
      found.push({
        instructions: now.instructions / requests,
        bytes: (now.heapBytes - before.heapBytes) / requests,
      });
      before = now;
    }
    return found;
  } finally {
    await server.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** Reads the dumps since the last call and removes them: the agent asks for the host's name, too, when it registers. */
function takeTotal(directory) {
  const dumps = fs.readdirSync(directory).filter((name) => /\.\d+$/.test(name));
  if (dumps.length === 0) throw new Error(`callgrind has seen no call of ${MARK}: this Node.js has no symbols`);
  let total = 0;
  for (const name of dumps) {
    const file = path.join(directory, name);
    total += Number(/^(?:totals|summary): (\d+)/m.exec(fs.readFileSync(file, 'latin1'))?.[1]);
    fs.rmSync(file);
  }
  return total;
}

module.exports = { canCount, countInstructions };
