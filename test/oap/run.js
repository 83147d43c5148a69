#!/usr/bin/env node
'use strict';

/*
 * Runs the tests against real servers, with --cluster those against clusters of them, fetching what is missing first.
 * On a machine where none can run it says why, and that is no failure unless it was called with --strict.
 * Every other argument goes on to jest.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const { OapUnavailable, install } = require('./oap');

const ROOT = path.join(__dirname, '..', '..');
/** What runs, and of which versions it needs the servers. */
const SUITES = {
  oap: { config: 'jest.oap.config.js', versions: ['6.5.0', '8.3.0', '9.2.0', '10.1.0'] },
  cluster: { config: 'jest.cluster.config.js', versions: ['6.5.0', '9.2.0', '10.1.0'] },
};
const EXIT = { ok: 0, unavailable: 3 };

function runJest(config, args) {
  const jest = [require.resolve('jest/bin/jest'), '--config', path.join(ROOT, config), '--runInBand'];
  const child = spawn(process.execPath, [...jest, ...args], { cwd: ROOT, stdio: 'inherit' });
  // From a terminal both get the signal; sent to this process alone, it is handed on.
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function main(argv) {
  const isStrict = argv.includes('--strict');
  const { config, versions } = argv.includes('--cluster') ? SUITES.cluster : SUITES.oap;
  try {
    for (const version of versions) await install(version, (line) => console.error(line));
  } catch (error) {
    if (!(error instanceof OapUnavailable)) throw error;
    console.log(`skipped: no OAP can run here: ${error.message}`);
    return isStrict ? EXIT.unavailable : EXIT.ok;
  }
  const ours = ['--strict', '--cluster'];
  return runJest(
    config,
    argv.filter((argument) => !ours.includes(argument)),
  );
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
