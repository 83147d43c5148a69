'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

/**
 * Asks again and again until the answer pleases; what was answered last is in the error.
 * The command line needs it on a machine where nothing is compiled; tests in TypeScript have test/support/until.ts.
 */
async function until(read, pleases, { timeoutMs = 20_000, everyMs = 200 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await read();
    if (pleases(answer)) return answer;
    if (Date.now() >= deadline) {
      throw new Error(`not within ${timeoutMs} ms; the last answer was ${JSON.stringify(answer)}`);
    }
    await sleep(everyMs);
  }
}

module.exports = { until };
