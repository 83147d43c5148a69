#!/usr/bin/env node
'use strict';

/*
 * The tests that need no Unix, by a Node for Windows under Wine, and an application with the agent in it (e2e/):
 *
 *     npm run test:windows [-- [--node 20|22] [--only NAME]]
 *
 * NAME is a folder of test/, or e2e. The Node is fetched by npm and kept in `SKYANCHOR_WINE_CACHE`
 * (`~/.cache/skyanchor-wine`). A test that fails must be in differences.json with its reason; one that is there and passes
 * must be taken out. So the list gets shorter. `maySucceed` is for those that do not fail on every machine or on every Node.
 * Where there is no Wine nothing runs, and the reason is printed.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const listed = require('./differences.json');
const { obtainNode, runNode, whatIsMissing, windowsPath } = require('./wine');

/** Folders of test/. Why the others are not here is in docs/windows.md. */
const MODULES = [
  'base',
  'model',
  'config',
  'agent',
  'tracing',
  'protocol',
  'transport',
  'export',
  'control/syntax',
  'control/run',
  'control/file',
  'status',
  'telemetry',
  'compat',
  'windows',
];
const END_TO_END = 'e2e';
const MODULE_TIMEOUT_MS = 1_800_000;
const USAGE = `usage: run.js [--node 20|22] [--only ${[...MODULES, END_TO_END].join('|')}]`;

function readArguments(argv) {
  const given = { node: '22', only: undefined };
  for (let at = 0; at < argv.length; at += 2) {
    const name = argv[at].replace(/^--/, '');
    if (!(name in given) || argv[at + 1] === undefined) throw new Error(USAGE);
    given[name] = argv[at + 1];
  }
  if (given.only !== undefined && ![...MODULES, END_TO_END].includes(given.only)) throw new Error(USAGE);
  return given;
}

function readResults(file) {
  if (!fs.existsSync(file)) return [];
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** What Node runs for a folder of test/, or for the story of e2e/. */
function commandFor(name, results) {
  if (name === END_TO_END) return { args: ['test/windows/e2e/story.js', results], env: {} };
  const preload = windowsPath(path.join(__dirname, 'preload.js')).replaceAll('\\', '/');
  const jest = [
    'node_modules/jest/bin/jest.js',
    '--config',
    'test/windows/jest.config.js',
    '--runInBand',
    '--forceExit',
  ];
  // Jest asks for what `require` asked for before it took modules too, and cannot load those.
  const env = {
    NODE_OPTIONS: `--no-experimental-require-module --require ${preload}`,
    SKYANCHOR_WINDOWS_RESULTS: results,
  };
  return { args: [...jest, `test/${name}/`], env };
}

/** @returns `{passed, failed, skipped, complaints}` */
async function runModule(program, name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-windows-'));
  const file = path.join(folder, 'results');
  try {
    const { args, env } = commandFor(name, windowsPath(file));
    const { code, stderr } = await runNode(program, args, { env, timeoutMs: MODULE_TIMEOUT_MS });
    const results = readResults(file);
    const complaints = complaintsAbout(name, results);
    const hasFailed = results.some(({ result }) => result === 'failed');
    if (results.length === 0 || code !== (hasFailed ? 1 : 0))
      complaints.push(`it ended with ${code}: ${stderr.trim().slice(-1_000)}`);
    const count = (wanted) => results.filter(({ result }) => result === wanted).length;
    return { passed: count('passed'), failed: count('failed'), skipped: count('pending'), complaints };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What differs from the list, a line each. */
function complaintsAbout(name, results) {
  const listedHere = new Map(
    listed.filter(({ test }) => test.startsWith(`test/${name}/`)).map((entry) => [entry.test, entry]),
  );
  const complaints = results
    .filter(({ test, result }) => result === 'failed' && !listedHere.has(test))
    .map(({ test, message }) => `fails and is not listed: ${test}\n    ${String(message).replaceAll('\n', '\n    ')}`);
  for (const { test, maySucceed } of listedHere.values()) {
    const found = results.find((one) => one.test === test);
    if (!found) complaints.push(`is listed and not there: ${test}`);
    else if (found.result !== 'failed' && !maySucceed) complaints.push(`passes, take it out of the list: ${test}`);
  }
  return complaints;
}

async function main(argv) {
  const { node, only } = readArguments(argv);
  const missing = whatIsMissing();
  if (missing !== undefined) {
    console.log(`test:windows is skipped: ${missing}`);
    return;
  }
  const program = obtainNode(node);
  let isBad = false;
  for (const name of [...MODULES, END_TO_END].filter((one) => only === undefined || one === only)) {
    const startedAt = performance.now();
    const { passed, failed, skipped, complaints } = await runModule(program, name);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    console.log(`${name.padEnd(14)} ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`);
    for (const line of complaints) console.log(`  ${line}`);
    isBad ||= complaints.length > 0;
  }
  if (isBad) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
