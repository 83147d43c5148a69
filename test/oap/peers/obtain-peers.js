'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const CACHE = process.env.SKYANCHOR_PEERS_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-peers');
const PYTHONS = process.env.SKYANCHOR_PYTHON ? [process.env.SKYANCHOR_PYTHON] : ['python3.11', 'python3'];
const FETCH_TIMEOUT_MS = 300_000;
const ASK_TIMEOUT_MS = 30_000;

/** What is wrong, out of all that it wrote. */
function reasonIn(text) {
  const lines = text.trim().split('\n');
  return lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1);
}

function run(program, args, { cwd = CACHE, timeout = FETCH_TIMEOUT_MS } = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${path.basename(program)}: ${reasonIn(stderr || stdout) || `exit code ${status}`}`);
  return stdout.trim();
}

function works(program, args) {
  return spawnSync(program, args, { stdio: 'ignore', timeout: ASK_TIMEOUT_MS }).status === 0;
}

/** Fills a folder beside its place, and puts it there when it is complete. */
function fetch(place, fill, tell) {
  const unfinished = `${place}.unfinished-${process.pid}`;
  tell(`== fetching ${path.basename(place)} into ${place}`);
  fs.mkdirSync(unfinished, { recursive: true });
  try {
    fill(unfinished);
    fs.rmSync(place, { recursive: true, force: true });
    fs.renameSync(unfinished, place);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

/** An environment is made with one Python and runs with that one only. */
function fillWithPython(folder, requirement) {
  const usable = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 8))';
  const python = PYTHONS.find((candidate) => works(candidate, ['-c', usable]));
  if (!python) throw new Error(`no Python 3.8 or later with venv and ensurepip among ${PYTHONS.join(', ')}`);
  run(python, ['-m', 'venv', folder]);
  // Ready-made packages only: gRPC is not for a test to compile.
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', requirement];
  run(path.join(folder, 'bin', 'python'), pip);
}

/**
 * Apache's agent for Python, fetched if it is not there yet. Throws where it cannot be had.
 *
 * @returns the Python that has it
 */
function obtainPythonPeer(version, tell) {
  const requirement = `apache-skywalking==${version}`;
  const place = path.join(CACHE, `apache-skywalking-${version}`);
  const python = path.join(place, 'bin', 'python');
  const isThere = () => works(python, ['-c', 'from skywalking import agent']);
  if (!isThere()) fetch(place, (folder) => fillWithPython(folder, requirement), tell);
  if (!isThere()) throw new Error(`what lies in ${place} does not run on this machine`);
  return python;
}

/**
 * Apache's agent for Node.js, likewise.
 *
 * @returns the `node_modules` it lies in
 */
function obtainNodePeer(version, tell) {
  const name = `skywalking-backend-js@${version}`;
  const place = path.join(CACHE, `skywalking-backend-js-${version}`);
  const modules = path.join(place, 'node_modules');
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  const isThere = () => fs.existsSync(path.join(modules, 'skywalking-backend-js', 'package.json'));
  // Not in our checkout: npm would take its configuration for that of the new folder.
  if (!isThere())
    fetch(place, (folder) => run('npm', ['install', '--prefix', folder, ...options, name], { cwd: folder }), tell);
  return modules;
}

module.exports = { obtainPythonPeer, obtainNodePeer };
