'use strict';

/*
 * Makes a checkout ready to run: installs what the lockfile names, unless it is installed already, and makes dist.
 * Every command of package.json that needs either runs this first, so no command needs another before it.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { makeDist } = require('./bundle');

const ROOT = path.join(__dirname, '..');
/** What tsc writes, and what is published. */
const BUILD = path.join(ROOT, 'build');
const DIST = path.join(ROOT, 'dist');

function run(command, args) {
  // npm is a .cmd on Windows, which only a shell starts.
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (done.error) throw done.error;
  if (done.status !== 0) {
    process.exitCode = done.status ?? 1;
    throw new Error(`${command} ${args.join(' ')} ended with ${done.status ?? done.signal}`);
  }
}

function packagesOf(lockfile) {
  try {
    const { packages } = JSON.parse(fs.readFileSync(path.join(ROOT, lockfile), 'utf8'));
    return new Map(Object.entries(packages).filter(([name]) => name !== ''));
  } catch {
    return undefined;
  }
}

/** Compares what npm last installed, by its own record, with what the lockfile asks for. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return [...wanted].every(([name, { version, optional, devOptional, peer }]) => {
    const found = present.get(name);
    return found ? found.version === version : Boolean(optional || devOptional || peer);
  });
}

/** Removes what was built from a source file that no longer exists. */
function removeStale() {
  for (const name of fs.readdirSync(BUILD, { recursive: true })) {
    const match = /^(.*?)(\.d\.ts|\.js)$/.exec(name);
    if (match && !fs.existsSync(path.join(ROOT, 'src', `${match[1]}.ts`))) fs.rmSync(path.join(BUILD, name));
  }
}

function build() {
  run(process.execPath, [require.resolve('typescript/bin/tsc', { paths: [ROOT] }), '-p', 'tsconfig.build.json']);
  removeStale();
  makeDist(BUILD, DIST);
  fs.chmodSync(path.join(DIST, 'cli', 'main.js'), 0o755);
}

if (process.argv[2] !== 'build' && !isInstalled()) run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
build();
