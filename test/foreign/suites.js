'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { clientSuites } = require('./client-suites');
const { REPORTER, readLines, readMocha } = require('./readers');

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

/**
 * Each suite: its repository, the variable that names a checkout, the first Node that it runs on, what is taken out of
 * its copy, the programs that prepare it, the folder in it that is tested, the server that it needs, its files, how it is
 * run so that it reports into a file, and how that is read.
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
    prepare: [['scripts/generate-pem.js']],
    files: undiciFiles,
    argumentsFor: (files, report) => [
      ...['--expose-gc', '--test', '--test-concurrency=2', '--test-timeout=180000', '--test-reporter', REPORTER],
      ...['--test-reporter-destination', report, ...files],
    ],
    read: readLines,
  },
  ...clientSuites,
];

module.exports = { suites };
