'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/** The size of the package itself: what is nested in it is another package, and counted if a dependency needs it. */
function ownBytes(folder) {
  let bytes = 0;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const name = path.join(folder, entry.name);
    bytes += entry.isDirectory() ? ownBytes(name) : fs.lstatSync(name).size;
  }
  return bytes;
}

/** The folder in which `require` from `folder` finds a package. */
function folderOf(name, folder) {
  for (const modules of createRequire(path.join(folder, 'package.json')).resolve.paths(name) ?? []) {
    const found = path.join(modules, name);
    if (fs.existsSync(path.join(found, 'package.json'))) return fs.realpathSync(found);
  }
  return undefined;
}

function addWithDependencies(folder, found) {
  if (folder === undefined || found.has(folder)) return;
  found.add(folder);
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
  } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    addWithDependencies(folderOf(name, folder), found);
  }
}

/** What of this checkout would be published. */
function packedBytes() {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' });
  const answer = JSON.parse(packed.stdout);
  return (Array.isArray(answer) ? answer[0] : Object.values(answer)[0]).unpackedSize;
}

/** Bytes of an agent's files and of all that it depends on, as they are installed here. */
function installedBytes({ isOurs, packages = [], from }) {
  const found = new Set();
  if (isOurs) addWithDependencies(ROOT, found);
  for (const name of packages) addWithDependencies(folderOf(name, from), found);
  let bytes = 0;
  for (const folder of found) bytes += folder === ROOT ? packedBytes() : ownBytes(folder);
  return bytes;
}

module.exports = { installedBytes };
