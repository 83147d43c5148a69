#!/usr/bin/env node
'use strict';

/*
 * What one span costs by itself, without any library's work, any server and any delivery:
 *
 *     npm run bench:spans
 *
 * It is the agent's part of `bench:libraries`. Each case does what an instrumentation of OpenTelemetry's, or a
 * library by its channel, does for one call. Shown are microseconds of CPU time, those of the quietest of twenty rounds in
 * a process of its own, and bytes allocated, which are the same on a busy machine. `-`: there is no span of the call.
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { FOLDER, install } = require('./libraries/install');

const CASES = ['a span of its own', 'mongodb', 'kafkajs', 'amqplib', 'gRPC', 'node-redis', 'mysql2'];
const TRACERS = {
  none: 'without a tracer',
  listener: 'a listener that does nothing',
  memory: 'skyanchor, in memory',
  encoded: 'skyanchor, encoded',
  opentelemetry: "OpenTelemetry's SDK, in memory",
};
/** The young generation has room for a round, so that no garbage is collected while its bytes are counted. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

function cell(name, tracer) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...FLAGS, path.join(FOLDER, 'spans.js'), name, tracer],
    {
      env: { ...process.env, BENCH_DIST: process.env.BENCH_DIST ?? path.join(__dirname, '..', 'dist') },
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(stderr);
  const { us, bytes, hasSpans } = JSON.parse(stdout);
  return hasSpans ? `${us.toFixed(2)} (${Math.round(bytes)})` : '-';
}

async function main() {
  await install();
  console.log(`Node ${process.versions.node}, microseconds a span (bytes)\n`);
  console.log(`| | ${Object.values(TRACERS).join(' | ')} |\n|---|${'---|'.repeat(Object.keys(TRACERS).length)}`);
  for (const name of CASES)
    console.log(`| ${[name, ...Object.keys(TRACERS).map((tracer) => cell(name, tracer))].join(' | ')} |`);
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
