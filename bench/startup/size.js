'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { install, pack } = require('../../test/package/sandbox');

/** Bytes of the files, and what they take of the disk in its blocks. */
function sizeOf(folder) {
  const total = { bytes: 0, onDisk: 0 };
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const { size, blocks } = fs.statSync(path.join(entry.parentPath, entry.name));
    total.bytes += size;
    total.onDisk += blocks * 512;
  }
  return total;
}

function packagesIn(modules) {
  return fs.readdirSync(modules).flatMap((name) => {
    if (name.startsWith('.')) return [];
    if (!name.startsWith('@')) return [name];
    return fs.readdirSync(path.join(modules, name)).map((scoped) => `${name}/${scoped}`);
  });
}

/** The package with all it depends on, installed into an empty project. */
async function installedSize(folder) {
  const { tarball } = await pack(folder);
  const project = path.join(folder, 'project');
  const unreachable = await install(tarball, project);
  if (unreachable) return { unreachable };
  const modules = path.join(project, 'node_modules');
  const packages = packagesIn(modules).map((name) => ({ name, ...sizeOf(path.join(modules, name)) }));
  return { ...sizeOf(modules), packages: packages.sort((a, b) => b.bytes - a.bytes) };
}

module.exports = { installedSize };
