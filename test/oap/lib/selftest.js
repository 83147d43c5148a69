'use strict';

const { selftestV2 } = require('./selftest-v2');
const { selftestV3 } = require('./selftest-v3');
const { startOap } = require('./server');

/** Starts the version and holds it to what the agent's tests rely on. Resolves with whether all of it held. */
async function selftest(version, say) {
  let failures = 0;
  const check = (claim, holds) => {
    if (!holds) failures += 1;
    say(`${holds ? 'ok  ' : 'FAIL'}  ${claim}`);
  };

  const began = Date.now();
  const oap = await startOap({ version });
  say(`      OAP ${version} answered after ${Date.now() - began} ms`);
  try {
    await (oap.protocol === 'v2' ? selftestV2 : selftestV3)(oap, check);
  } finally {
    await oap.stop();
  }
  say(failures ? `${failures} did not hold` : 'all held');
  return failures === 0;
}

module.exports = { selftest };
