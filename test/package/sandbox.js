'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const TIMEOUT_MS = 120_000;
/** What this very run was told and a stranger's project would not be. */
const OURS = /^(SW_|NODE_OPTIONS$|JEST_|INIT_CWD$|npm_(lifecycle|package|command|execpath|config_local_prefix))/i;
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/;

function environment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

/** Runs a program to its end. Rejects, with all it printed, when that is not exit code 0. */
function run(command, args, { cwd = ROOT, env = {}, shell = false, signal, onOutput, timeoutMs = TIMEOUT_MS } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd, env: environment(env), shell, signal, stdio });
    const output = { stdout: '', stderr: '' };
    if (onOutput) child.stdout.on('data', (chunk) => onOutput(String(chunk)));
    for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', reject);
    child.once('close', (code, killer) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${code ?? killer}\n${output.stdout}${output.stderr}`));
    });
  });
}

/** npm is a .cmd on Windows, which only a shell starts. */
function npm(args, options) {
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}

function makeFolder() {
  // The real path: what a program says about itself is compared with it.
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-package-')));
}

function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** The tarball as it would be published. dist is built by whoever calls this. */
async function pack(folder) {
  const { stdout } = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const packed = JSON.parse(stdout);
  const [{ filename, files }] = Array.isArray(packed) ? packed : Object.values(packed);
  return { tarball: path.join(folder, filename), files: files.map((file) => file.path) };
}

/** @returns the reason if a command of npm has failed because no registry can be reached; else undefined */
function reasonIfUnreachable(error) {
  const reason = UNREACHABLE.exec(error.message);
  return reason ? `npm cannot reach its registry (${reason[0]})` : undefined;
}

/** Into an empty project. @returns the reason if no registry can be reached, else undefined */
async function install(tarball, project) {
  fs.mkdirSync(project, { recursive: true });
  fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  try {
    await npm(['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: project });
    return undefined;
  } catch (error) {
    const reason = reasonIfUnreachable(error);
    if (!reason) throw error;
    return reason;
  }
}

module.exports = { ROOT, environment, install, makeFolder, npm, pack, reasonIfUnreachable, removeFolder, run };
