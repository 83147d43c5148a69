#!/usr/bin/env node
'use strict';

/*
 * Installs the servers that are missing, by Debian's packages where this may be done, and says what is missing otherwise:
 *
 *     node test/servers/install.js
 *
 * Kafka's and MongoDB's jars are fetched when they are first started. It never fails: what is missing is a skipped case.
 */

const { spawnSync } = require('node:child_process');
const { missingPackages } = require('./servers');

/** No server is started by its package: each test starts its own. */
const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const TIMEOUT_MS = 300_000;

function aptGet(...args) {
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 2, 2], timeout: TIMEOUT_MS }).status === 0;
}

const packages = missingPackages();
if (packages.length > 0) {
  const command = ['install', '-y', '--no-install-recommends', ...packages];
  const mayInstall = process.getuid?.() === 0;
  // Only what waits for others is bounded: an installation that is broken off leaves the packages half installed.
  const isFetched = mayInstall && aptGet('update') && aptGet(...command, '--download-only');
  const isDone =
    isFetched && spawnSync('apt-get', [...command, '--no-download'], { env, stdio: ['ignore', 2, 2] }).status === 0;
  console.log(isDone ? `installed ${packages.join(' ')}` : `not installed: apt-get ${command.join(' ')}`);
}
