'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ROOT } = require('../sandbox');

const BELONGS = [
  /^dist\/(.+\/)?[\w-]+\.(js|d\.ts)$/,
  /^proto\/(README\.md|v[23]\/[\w-]+\.proto)$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^package\.json$/,
];
const NEEDED = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'package.json',
  ...['index', 'register', 'compat/index', 'bundler', 'testing/index'].flatMap((name) => [
    `dist/${name}.js`,
    `dist/${name}.d.ts`,
  ]),
  'dist/cli/main.js',
];
/** Files that no entry leads to. */
const UNREACHABLE = ['dist/cli/main.d.ts', 'dist/agent/running-agent.d.ts', 'dist/protocol/backend.d.ts'];

async function checkTarball(score, files) {
  await score.check('the tarball holds nothing but the package', () => {
    assert.deepEqual(
      files.filter((file) => !BELONGS.some((pattern) => pattern.test(file))),
      [],
    );
  });
  await score.check('the tarball holds all of the package', () => {
    const protos = ['v2', 'v3'].flatMap((version) =>
      fs.readdirSync(path.join(ROOT, 'proto', version)).map((name) => `proto/${version}/${name}`),
    );
    assert.deepEqual(
      [...NEEDED, ...protos].filter((file) => !files.includes(file)),
      [],
    );
  });
  await score.check('the tarball holds no declarations that cannot be imported', () => {
    assert.deepEqual(
      UNREACHABLE.filter((file) => files.includes(file)),
      [],
    );
  });
  await score.check('nothing in it names a path of this machine', () => {
    // The root alone, as in a container, is a path that everything holds.
    const paths = [ROOT, os.homedir()].filter((folder) => path.dirname(folder) !== folder);
    const names = (file) => paths.some((folder) => fs.readFileSync(path.join(ROOT, file), 'utf8').includes(folder));
    assert.deepEqual(files.filter(names), []);
  });
}

module.exports = { checkTarball };
