'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');

const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

async function checkJest(score, project) {
  await score.check('a jest suite loads it, registers, and ends by itself', async () => {
    const config = path.join(project, 'jest.config.json');
    fs.writeFileSync(config, JSON.stringify({ testMatch: ['**/suite.js'], testEnvironment: 'node', transform: {} }));
    const { stderr } = await run(process.execPath, [JEST, '--config', config, '--no-cache'], { cwd: project });
    assert.match(stderr, /Tests: +2 passed, 2 total/);
    assert.doesNotMatch(stderr, /did not exit|open handle|worker process has failed/);
  });
}

module.exports = { checkJest };
