'use strict';

const assert = require('node:assert/strict');
const { run } = require('../sandbox');

/** The programs of the project say `registered <service> <instance>` once their own agent has registered with their own backend. */
async function checkLoading(score, project) {
  const isRegistered = async (script) => {
    const { stdout, stderr } = await run(process.execPath, [script], { cwd: project });
    assert.equal(stdout, 'registered stranger mine\n');
    assert.equal(stderr, '');
  };
  await score.check("require('skyanchor') and require('skyanchor/testing') register", () =>
    isRegistered('required.js'),
  );
  await score.check("import { start, AgentError } from 'skyanchor' registers", () => isRegistered('imported.mjs'));
  await score.check('nothing else can be loaded from the package', async () => {
    const deep = "try { require('skyanchor/dist/index.js') } catch (error) { console.log(error.code) }";
    const { stdout } = await run(process.execPath, ['-e', deep], { cwd: project });
    assert.equal(stdout, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
}

module.exports = { checkLoading };
