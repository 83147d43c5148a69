'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');

const IS_WINDOWS = process.platform === 'win32';

async function checkCommandLine(score, project) {
  const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  await score.check('npx skyanchor --version prints the version of the package', async () => {
    const npx = IS_WINDOWS ? 'npx.cmd' : 'npx';
    const { stdout } = await run(npx, ['--no-install', 'skyanchor', '--version'], { cwd: project, shell: IS_WINDOWS });
    assert.equal(stdout, `${version}\n`);
  });
}

module.exports = { checkCommandLine };
