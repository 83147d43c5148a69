'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');

const ATTW = path.join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');

async function checkLinters(score, tarball) {
  await score.check('publint has nothing to say', async () => {
    const { publint } = await import('publint');
    const { formatMessage } = await import('publint/utils');
    const { buffer, byteOffset, byteLength } = fs.readFileSync(tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
      strict: true,
    });
    assert.equal(pkg.name, 'skyanchor');
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    );
  });
  await score.check('@arethetypeswrong/cli has nothing to say', async () => {
    const { stdout } = await run(process.execPath, [ATTW, tarball, '--no-color', '--no-emoji']);
    assert.match(stdout, /No problems found/);
    for (const name of ['skyanchor', 'skyanchor/register', 'skyanchor/testing'])
      assert.ok(stdout.includes(`"${name}"`), name);
  });
}

module.exports = { checkLinters };
