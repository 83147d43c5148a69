#!/usr/bin/env node
'use strict';

/*
 * Libraries of databases and caches from npm, unmodified, with real servers, bare and with the packed tarball of this
 * checkout, on both protocols:
 *
 *     npm run test:libraries [-- [NAME…] [--node 20,22,24,26] [--protocol v2|v3] [--jobs 1|2] [--ci]]
 *
 * What both have must be the same, as in `test/apps`, and each form of calling a library has its spans, in the trace of
 * its own request. A server that is not installed is a skipped case, with the command that installs it.
 */

const { readArguments } = require('../apps/harness/arguments');
const { readCases, selectCases } = require('../apps/harness/cases');
const { runCases, runMain } = require('../apps/harness/run-cases');
const { stopServers } = require('./library-case');

runMain(async (argv) => {
  const { names, ci, protocol, ...rest } = readArguments(argv);
  const protocols = protocol === undefined ? ['v2', 'v3'] : [protocol];
  try {
    await runCases(selectCases(readCases(__dirname), { names, ci }), { ...rest, protocols });
  } finally {
    await stopServers();
  }
});
