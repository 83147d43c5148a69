'use strict';

/*
 * Calls one library, with one agent in this process:
 *
 *     node child.js LIBRARY AGENT
 *
 * `bench/libraries.js` copies it, and what it needs, to where the libraries are installed.
 */

const agents = require('./agents');

const IN_A_TRACE = 10;
const [library, name] = process.argv.slice(2);
// Before any of the libraries is loaded.
const { ready = () => undefined, span, flush } = agents[name]();
const open = require('./calls')[library];

/** @returns microseconds of CPU time of at least so much work, with all that is sent of it */
async function round(call, durationMs) {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const ten = async () => {
    for (let n = 0; n < IN_A_TRACE; n++) await call();
  };
  let calls = 0;
  while (performance.now() - startedAt < durationMs) {
    await span('ten calls', ten);
    calls += IN_A_TRACE;
  }
  await flush();
  const { user, system } = process.cpuUsage(before);
  return { microseconds: user + system, calls };
}

async function main() {
  await ready();
  const call = await open();
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, durationMs }) =>
    round(call, durationMs).then(
      (result) => process.send({ id, ...result }),
      (error) => process.send({ id, error: error.message }),
    ),
  );
  process.send({ ready: true });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
