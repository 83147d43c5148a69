'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const BENCH = path.join(__dirname, '..');

function packagesOf(lockfile) {
  try {
    const { packages } = JSON.parse(fs.readFileSync(path.join(BENCH, lockfile), 'utf8'));
    return Object.entries(packages).filter(([name]) => name !== '');
  } catch {
    return undefined;
  }
}

/** What npm last installed, as it noted itself, is what the lockfile asks for. */
function isInstalled() {
  const present = new Map(packagesOf('node_modules/.package-lock.json'));
  return packagesOf('package-lock.json').every(
    ([name, { version, optional }]) => optional || present.get(name)?.version === version,
  );
}

/**
 * Installs what the benchmark compares with, unless it is there. None of it needs its scripts. A peer that cannot be
 * had is left out by npm, and if npm itself fails, then all are.
 *
 * @returns why nothing was installed; `undefined`: it was
 */
function install() {
  if (fs.existsSync(path.join(BENCH, 'node_modules')) && isInstalled()) return undefined;
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: BENCH,
    stdio: ['ignore', 2, 2],
    // npm is a .cmd on Windows, which only a shell starts.
    shell: process.platform === 'win32',
  });
  if (done.status === 0) return undefined;
  return `npm ci in bench/ ended with ${done.error?.code ?? done.status ?? done.signal}`;
}

module.exports = { install };
