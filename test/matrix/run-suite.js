'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/** Whoever starts `node`, `npm` or `npx` in there gets this version, too. */
function environment(folder) {
  const env = { ...process.env };
  // On Windows the name may be written in any case.
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  env[name] = [folder, env[name]].join(path.delimiter);
  // Set by the npm that has started us.
  for (const key of ['NODE', 'npm_node_execpath']) if (key in env) env[key] = path.join(folder, 'node');
  return env;
}

function readResults(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const named = testResults.flatMap(({ name, status, assertionResults }) => {
      const failed = assertionResults.filter((result) => result.status === 'failed').map(({ fullName }) => fullName);
      const isBroken = status === 'failed' && failed.length === 0;
      return (isBroken ? ['could not run'] : failed).map((what) => `${path.relative(ROOT, name)}: ${what}`);
    });
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests, named };
  } catch {
    return { passed: 0, failed: 0, skipped: 0, named: ['the suite has told no results'] };
  }
}

/** Runs jest by the `node` of that folder. @returns what the table tells, and how jest ended */
async function runSuite(folder, jestArgs) {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-matrix-'));
  const results = path.join(out, 'results.json');
  const startedAt = performance.now();
  const args = [JEST, '--json', `--outputFile=${results}`, ...jestArgs];
  const child = spawn(path.join(folder, 'node'), args, { cwd: ROOT, stdio: 'inherit', env: environment(folder) });
  // From a terminal both get the signal; sent to this process alone, it is handed on.
  let isStopped = false;
  const stop = (signal) => {
    isStopped = true;
    child.kill(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { ...readResults(results), seconds, code: code ?? 1, isStopped };
  } finally {
    for (const signal of ['SIGTERM', 'SIGINT']) process.removeListener(signal, stop);
    fs.rmSync(out, { recursive: true, force: true });
  }
}

module.exports = { runSuite };
