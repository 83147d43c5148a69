'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { npm, run } = require('../sandbox');
const { withCollector } = require('../with-collector');

/** In the versions that were tried, and in a folder of their own: an application has them or has not. */
const TOOLS = ['esbuild@0.28.2', '@vercel/nft@1.11.5'];

async function installTools(folder) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'tools', private: true }));
  await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', ...TOOLS], { cwd: folder });
  return createRequire(path.join(folder, 'package.json'));
}

/** Runs a bundled application, which prints how it is registered and how many segments the backend has taken. */
async function isTraced(project, folder, script) {
  await withCollector(project, async ({ address }) => {
    const { stdout, stderr } = await run(process.execPath, [script], { cwd: folder, env: { BACKEND: address } });
    assert.equal(stderr, '');
    assert.equal(stdout, 'registered, sent 1\n');
  });
}

async function checkBundling(score, project) {
  const tools = await installTools(path.join(project, '..', 'tools'));
  const empty = (name) => {
    const folder = path.join(project, '..', name);
    fs.mkdirSync(folder);
    return folder;
  };
  const entryPoints = [path.join(project, 'bundled.js')];
  for (const minify of [false, true]) {
    const name = minify ? 'minified' : 'bundled';
    await score.check(`an application ${name} by esbuild is traced, alone in an empty folder`, async () => {
      const folder = empty(name);
      const outfile = path.join(folder, 'app.js');
      await tools('esbuild').build({ entryPoints, bundle: true, platform: 'node', minify, outfile });
      assert.deepEqual(fs.readdirSync(folder), ['app.js']);
      await isTraced(project, folder, 'app.js');
    });
  }
  await score.check('an application is traced where only the files are that @vercel/nft has found', async () => {
    const folder = empty('found');
    const { fileList } = await tools('@vercel/nft').nodeFileTrace(entryPoints, { base: project });
    for (const file of fileList) fs.cpSync(path.join(project, file), path.join(folder, file), { recursive: true });
    await isTraced(project, folder, 'bundled.js');
  });
}

module.exports = { checkBundling };
