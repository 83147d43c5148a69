'use strict';

/*
 * Compares the newest @opentelemetry/api of npm with the version that we claim. A newer minor version finds no provider
 * of ours: it is to be tried, and API_VERSION in src/instrument/opentelemetry/api-global.ts raised. Fails then; without
 * the registry it says so and does not. Needs dist.
 */

const { execFile } = require('node:child_process');
const path = require('node:path');

const { API_VERSION } = require(path.join(__dirname, '..', 'dist', 'instrument', 'opentelemetry', 'api-global.js'));

const minor = (version) => Number(version.split('.')[1]);
const print = (line) => process.stdout.write(`${line}\n`);

execFile('npm', ['view', '@opentelemetry/api@1', 'version', '--json'], { timeout: 30_000 }, (error, stdout) => {
  if (error) {
    print(`skipped: npm does not answer (${error.message.split('\n', 1)[0]})`);
    return;
  }
  const newest = [JSON.parse(stdout)].flat().at(-1);
  print(`newest @opentelemetry/api is ${newest}, tried and claimed is ${API_VERSION}`);
  if (minor(newest) > minor(API_VERSION)) process.exitCode = 1;
});
