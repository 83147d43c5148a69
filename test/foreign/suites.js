'use strict';

const fs = require('node:fs');
const path = require('node:path');

const REPORTER = path.join(__dirname, 'report-tests.mjs');

/** Folders of undici's tests that need nothing but Node. */
const UNDICI_FOLDERS = [
  'test',
  'test/busboy',
  'test/cache',
  'test/cache-interceptor',
  'test/cookie',
  'test/fetch',
  'test/infra',
  'test/interceptors',
  'test/node-fetch',
  'test/subresource-integrity',
  'test/webidl',
  'test/websocket',
];

function undiciFiles(folder) {
  return UNDICI_FOLDERS.flatMap((under) => {
    const there = path.join(folder, under);
    const names = fs.existsSync(there) ? fs.readdirSync(there) : [];
    return names.filter((name) => name.endsWith('.js')).map((name) => `${under}/${name}`);
  });
}

/** mocha's report as `{test, file, result}`. */
function readMocha(file, folder) {
  const { passes, failures, pending } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const read = (tests, result) =>
    tests.map((test) => ({ test: test.fullTitle, file: path.relative(folder, test.file ?? folder), result }));
  return [...read(passes, 'passed'), ...read(failures, 'failed'), ...read(pending, 'skipped')];
}

/** A line for each test, as report-tests.mjs writes them. */
function readLines(file, folder) {
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).map((test) => ({ ...test, file: path.relative(folder, test.file) }));
}

/**
 * Each suite: its repository, the variable that names a checkout, the first Node that it runs on, the program that
 * prepares it, its files, how it is run so that it reports into a file, and how that is read.
 */
const suites = [
  {
    name: 'express',
    repository: 'the repository expressjs/express',
    sourceVariable: 'EXPRESS_SOURCE',
    minNode: '20.0',
    files: () => ['test/', 'test/acceptance/'],
    argumentsFor: (files, report) => [
      ...['node_modules/mocha/bin/_mocha', '--require', 'test/support/env', '--check-leaks', '--exit'],
      ...['--reporter', 'json', '--reporter-option', `output=${report}`, ...files],
    ],
    read: readMocha,
  },
  {
    name: 'undici',
    repository: 'the repository nodejs/undici',
    sourceVariable: 'UNDICI_SOURCE',
    minNode: '22.19',
    // Certificates, which an install script would have made.
    prepare: 'scripts/generate-pem.js',
    files: undiciFiles,
    argumentsFor: (files, report) => [
      ...['--expose-gc', '--test', '--test-concurrency=2', '--test-timeout=180000', '--test-reporter', REPORTER],
      ...['--test-reporter-destination', report, ...files],
    ],
    read: readLines,
  },
];

module.exports = { suites };
