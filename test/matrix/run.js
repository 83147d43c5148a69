#!/usr/bin/env node
'use strict';

/*
 * Runs the whole suite on every Node that the package says it runs on, one after the other, and shows what came of it:
 *
 *     npm run test:matrix [-- [--allow-missing] [VERSION…] [-- JEST ARGUMENTS]]
 *
 * The binaries are fetched where they are missing and kept in `SKYANCHOR_NODE_CACHE` (`~/.cache/skyanchor-node`). A
 * version that cannot be had is a line of the table, and a failure unless it is called with --allow-missing. `npm run`
 * has built dist before, once for all of them.
 */

const { obtainNode } = require('./obtain-node');
const { readArguments } = require('./read-arguments');
const { runSuite } = require('./run-suite');
const { table } = require('./table');

async function runOn(version, jestArgs) {
  let node;
  try {
    node = obtainNode(version, (line) => console.error(line));
  } catch (error) {
    return { version, missing: error.message };
  }
  console.error(`== the suite on Node ${node.version}`);
  return { version: node.version, ...(await runSuite(node.folder, jestArgs)) };
}

async function main(argv) {
  const { versions, jestArgs, allowMissing } = readArguments(argv);
  const rows = [];
  for (const version of versions) {
    const row = await runOn(version, jestArgs);
    rows.push(row);
    if (row.isStopped) break;
  }
  console.log(table(rows));
  const isBad = ({ missing, code }) => (missing ? !allowMissing : code !== 0);
  if (rows.some(isBad)) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
