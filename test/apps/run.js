#!/usr/bin/env node
'use strict';

/*
 * Real applications from npm, unmodified, each bare and with the packed tarball of this checkout:
 *
 *     npm run test:apps [-- [NAME…] [--node 20,22,24,26] [--protocol v2|v3] [--jobs 1|2] [--ci]]
 *
 * Everything that both have (exit code or signal, output, answers, time to the end) must be the same, and the traces as
 * the case says. What is installed is kept in `SKYANCHOR_APPS_CACHE` (`~/.cache/skyanchor-apps`), and so are the results
 * (on v3), of which `npm run docs:compatibility` makes a page. `--ci` runs the cases that fit into a quarter of an hour.
 */

const { readArguments } = require('./harness/arguments');
const { APPS, readCases, selectCases } = require('./harness/cases');
const { runCases, runMain } = require('./harness/run-cases');

runMain(async (argv) => {
  const { names, ci, protocol = 'v3', ...rest } = readArguments(argv);
  const isKept = protocol === 'v3';
  await runCases(selectCases(readCases(APPS), { names, ci }), { ...rest, protocols: [protocol], isKept });
});
