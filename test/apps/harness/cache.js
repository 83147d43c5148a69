'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { npm, pack } = require('../../package/sandbox');

const CACHE = process.env.SKYANCHOR_APPS_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-apps');
const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline'];
const MAX_TARBALL_AGE_MS = 24 * 3_600_000;
/** Written when an installation is whole. */
const STAMP = '.installed';

function hashOf(...contents) {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content);
  return hash.digest('hex').slice(0, 12);
}

function writeJson(file, value) {
  fs.writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Not at once: another run may be installing it. */
function removeIfOld(file) {
  const { mtimeMs } = fs.statSync(file, { throwIfNoEntry: false }) ?? {};
  if (mtimeMs < Date.now() - MAX_TARBALL_AGE_MS) fs.rmSync(file, { force: true });
}

/**
 * The tarball of this checkout, under a name that its content gives it: npm then sees that it has changed. dist is built
 * by whoever calls this.
 */
async function packCheckout() {
  const folder = path.join(CACHE, 'tarballs');
  fs.mkdirSync(folder, { recursive: true });
  const { tarball } = await pack(folder);
  const hash = hashOf(fs.readFileSync(tarball));
  const named = path.join(folder, `skyanchor-${hash}.tgz`);
  fs.renameSync(tarball, named);
  for (const name of fs.readdirSync(folder)) removeIfOld(path.join(folder, name));
  return { tarball: named, hash };
}

/** Installs what `manifest` names, unless the folder has it already. Other versions are removed first. */
async function installManifest(folder, manifest, options) {
  const wanted = hashOf(JSON.stringify(manifest));
  const stamp = path.join(folder, STAMP);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  fs.rmSync(stamp, { force: true });
  fs.mkdirSync(folder, { recursive: true });
  writeJson(path.join(folder, 'package.json'), manifest);
  await npm(INSTALL, { cwd: folder, ...options });
  fs.writeFileSync(stamp, wanted);
}

/** What lies in the tarball. @returns its `startCollector`, and the file that loads the agent */
async function loadTesting({ tarball }) {
  const folder = path.join(CACHE, 'collector');
  await installManifest(folder, { name: 'collector', private: true, dependencies: { skyanchor: `file:${tarball}` } });
  const find = (name) => require.resolve(name, { paths: [folder] });
  return { startCollector: require(find('skyanchor/testing')).startCollector, register: find('skyanchor/register') };
}

/** The application, with its dependencies and the tarball among them. @returns its folder, outside the repository */
async function installApp({ name, folder, manifest, shares = [] }, { tarball }) {
  const into = path.join(CACHE, 'apps', name);
  const dependencies = { ...manifest.dependencies, skyanchor: `file:${tarball}` };
  if (!fs.existsSync(path.join(into, STAMP))) fs.rmSync(into, { recursive: true, force: true });
  await installManifest(into, { ...manifest, dependencies });
  for (const source of [...shares.map((other) => path.join(path.dirname(folder), other)), folder]) {
    const isProgram = (file) => !['case.js', 'package.json'].includes(path.relative(source, file));
    fs.cpSync(source, into, { recursive: true, filter: isProgram });
  }
  return fs.realpathSync(into);
}

module.exports = { CACHE, installApp, loadTesting, packCheckout, writeJson };
