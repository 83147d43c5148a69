'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');

const ATTW = path.join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');

/*
 * skyanchor/compat has a default export beside named ones, as the package has that it replaces: in ES modules of Node it is
 * the property `default` of what is imported, and programs are written so.
 */
const COMPAT_RULE = 'cjs-only-exports-default';

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
    const isMeant = ({ code, path }) => code === 'CJS_WITH_ESMODULE_DEFAULT_EXPORT' && path.includes('./compat');
    assert.deepEqual(
      messages.filter((message) => !isMeant(message)).map((message) => formatMessage(message, pkg, { color: false })),
      [],
    );
  });
  await score.check('@arethetypeswrong/cli has nothing to say', async () => {
    const { stdout } = await run(process.execPath, [
      ATTW,
      tarball,
      '--no-color',
      '--no-emoji',
      '--ignore-rules',
      COMPAT_RULE,
    ]);
    assert.match(stdout, /No problems found/);
    for (const name of [
      'skyanchor',
      'skyanchor/register',
      'skyanchor/compat',
      'skyanchor/bundler',
      'skyanchor/testing',
    ])
      assert.ok(stdout.includes(`"${name}"`), name);
  });
}

module.exports = { checkLinters };
