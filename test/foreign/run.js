#!/usr/bin/env node
'use strict';

/*
 * The test suites of other projects, each bare and with the agent loaded before it:
 *
 *     npm run test:foreign [-- [NAME…] [--node VERSION] [--only PATTERN]]
 *
 * npm's packages have no tests in them, so each suite needs a checkout of its project's repository, named by the
 * environment: EXPRESS_SOURCE, UNDICI_SOURCE, PG_SOURCE (pg, pg-pool, pg-cursor and pg-query-stream), IOREDIS_SOURCE,
 * MYSQL2_SOURCE, AMQPLIB_SOURCE. A checkout is only read; the copy that is run is kept in `SKYANCHOR_APPS_CACHE`
 * (`~/.cache/skyanchor-apps`). Clients of servers have a real one, which is started here (`node test/servers/install.js`
 * installs them on Debian). Every test that ends otherwise with the agent, three times out of three, must be in
 * differences.json with its reason; one that is there and no longer differs must be taken out. So the list gets shorter.
 * `mayPass` is for those that do not differ on every machine: what they compare depends on how fast it is. `--only` takes
 * the files that match; then nothing is said of those that are listed and were not run.
 */

const fs = require('node:fs');
const path = require('node:path');
const { loadTesting, packCheckout } = require('../apps/harness/cache');
const { isTooOld, nodeOf } = require('../apps/harness/node');
const { canConnect, endAll } = require('../apps/harness/program');
const servers = require('../servers/servers');
const listed = require('./differences.json');
const { compareSuite } = require('./compare-suite');
const { suites } = require('./suites');

const USAGE = `usage: run.js [${suites.map(({ name }) => name).join('|')}] [--node VERSION] [--only PATTERN]`;

function optionIn(argv, name) {
  const at = argv.indexOf(name);
  return at === -1 ? undefined : argv.splice(at, 2)[1];
}

function readArguments(argv) {
  const version = optionIn(argv, '--node');
  const only = optionIn(argv, '--only');
  if (argv.some((name) => !suites.some((suite) => suite.name === name))) throw new Error(USAGE);
  return { version, only: only === undefined ? undefined : new RegExp(only), names: argv };
}

/** @returns why there is no server for it; undefined: there can be one, or none is needed */
async function missingServer({ name, port }) {
  // The tests empty it: it must be none of the user's.
  if (port !== undefined && (await canConnect(port))) return `port ${port}, which its tests have in them, is taken`;
  return servers.reasonIfMissing(name);
}

/** @returns why it cannot be run; undefined: it can */
async function reasonToSkip({ name, sourceVariable, repository, minNode, server }, node) {
  const source = process.env[sourceVariable];
  const how = `clone ${repository}, then ${sourceVariable}=FOLDER npm run test:foreign -- ${name}`;
  if (!source) return `its tests are not in its npm package: ${how}`;
  if (!fs.existsSync(path.join(source, 'package.json'))) return `there is no package.json in ${source}: ${how}`;
  const tooOld = isTooOld(node, minNode);
  if (tooOld)
    return `${tooOld}, this is ${node.version}: npm run test:foreign -- ${name} --node ${minNode.split('.')[0]}`;
  return server && missingServer(server);
}

/** What is to be said of it: nothing if every difference is listed, and everything listed a difference. */
function complaintsOf(name, differences, only) {
  const known = listed.filter((entry) => entry.suite === name);
  const unknown = differences.filter(({ test }) => !known.some((entry) => entry.test === test));
  const gone = known.filter(
    ({ test, mayPass }) => !only && !mayPass && !differences.some((difference) => difference.test === test),
  );
  return [
    ...unknown.map(({ test, bare, traced }) => `${test}: ${bare} bare, ${traced} with the agent`),
    ...gone.map(({ test }) => `${test}: no longer differs; remove it from differences.json`),
  ];
}

async function main(argv) {
  const { version, only, names } = readArguments(argv);
  const node = nodeOf(version);
  const chosen = suites.filter(({ name }) => names.length === 0 || names.includes(name));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let context;
  for (const suite of chosen) {
    const reason = await reasonToSkip(suite, node);
    if (reason) {
      counts.skipped++;
      console.log(`skipped ${suite.name}: ${reason}`);
      continue;
    }
    context ??= await loadTesting(await packCheckout());
    const { tests, differences } = await compareSuite(suite, node, only, context);
    const complaints = complaintsOf(suite.name, differences, only);
    counts[complaints.length === 0 ? 'passed' : 'failed']++;
    const found = `${tests} tests, ${differences.length} differ, ${complaints.length} of them not as listed`;
    console.log(`${complaints.length === 0 ? 'passed ' : 'failed '} ${suite.name} on Node ${node.version}: ${found}`);
    for (const line of complaints) console.log(`        ${line}`);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  if (counts.failed > 0) process.exitCode = 1;
}

process.once('exit', endAll);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
