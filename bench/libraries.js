#!/usr/bin/env node
'use strict';

/*
 * What tracing one call of a library costs, with real servers, beside other agents:
 *
 *     npm run bench:libraries [-- [NAME…] [--quick]]
 *
 * A process for each agent, and their rounds take turns. A round is calls of the library one after the other, ten within
 * a span of the application's, and ends when what was traced is sent. Shown is the CPU time of a call: of a process
 * without an agent, and what each agent adds, as medians with the quartiles. A server that is not installed is a row with
 * the command that installs it.
 */

const os = require('node:os');
const path = require('node:path');
const { Child } = require('./compare/child');
const { FOLDER, install } = require('./libraries/install');
const servers = require('../test/servers/servers');

/** By library: its server, and what skyanchor may add to a call, in microseconds. */
const LIBRARIES = {
  pg: { server: 'postgresql', goal: 5 },
  mysql2: { server: 'mariadb', goal: 12 },
  ioredis: { server: 'redis', goal: 2 },
  redis: { server: 'redis', goal: 2 },
  mongodb: { server: 'mongodb' },
  kafkajs: { server: 'kafka' },
  amqplib: { server: 'rabbitmq' },
  grpc: {},
};
/** With the sink's protocol. A process may keep as much as it is to send, so that each traces everything. */
const AGENTS = {
  bare: {},
  skyanchor: { protocol: 'v3' },
  'skywalking-backend-js': { protocol: 'v3' },
  opentelemetry: { protocol: 'otlp' },
};
const LARGE_BUFFER = '1000000';
const PLANS = {
  full: { rounds: 9, roundMs: 800, warmUpMs: 2_500 },
  quick: { rounds: 5, roundMs: 600, warmUpMs: 2_500 },
};

function environmentOf(agent, address, port) {
  return {
    ...process.env,
    BENCH_DIST: path.join(__dirname, '..', 'dist'),
    SERVER_PORT: String(port),
    SW_AGENT_NAME: 'bench',
    SW_AGENT_COLLECTOR_BACKEND_SERVICES: address,
    SW_AGENT_MAX_BUFFER_SIZE: LARGE_BUFFER,
    SW_AGENT_TRACE_TIMEOUT: '60000',
    SW_AGENT_LOGGING_LEVEL: 'error',
    SW_AGENT_OPENTELEMETRY: 'amqplib,grpc,kafkajs,mongodb',
    OTEL_SERVICE_NAME: 'bench',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
    OTEL_BSP_MAX_QUEUE_SIZE: LARGE_BUFFER,
  };
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.round(share * (sorted.length - 1))];
}

const shown = (values) =>
  `${quantile(values, 0.5).toFixed(1)} (${quantile(values, 0.25).toFixed(1)} to ${quantile(values, 0.75).toFixed(1)})`;

/** Whether the calls had spans: an agent that does not know a library, or its version, opens none. */
async function hasTraced(sink, protocol, visit, roundMs) {
  await sink.ask('reset', { protocol });
  const { calls } = await visit.ask('round', { durationMs: roundMs });
  // Segments of ten calls and a span around these; OTLP has spans alone.
  const units = protocol === 'otlp' ? calls : calls / 10;
  await sink.ask('awaitUnits', { protocol, units, timeoutMs: 5_000 });
  const { spans } = await sink.ask('count', { protocol });
  return spans >= 0.99 * (protocol === 'otlp' ? 1 : 1.1) * calls;
}

/** @returns by agent, microseconds of CPU time a call in each round; undefined: it does not trace the library */
async function measure(library, port, sink, { rounds, roundMs, warmUpMs }) {
  const visits = new Map();
  const found = Object.fromEntries(Object.keys(AGENTS).map((agent) => [agent, []]));
  try {
    for (const [agent, { protocol = 'v3' }] of Object.entries(AGENTS)) {
      const env = environmentOf(agent, `127.0.0.1:${sink.ports[protocol]}`, port);
      const visit = await Child.start(path.join(FOLDER, 'child.js'), { args: [library, agent], env });
      visits.set(agent, visit);
      await visit.ask('round', { durationMs: warmUpMs });
    }
    for (const [agent, { protocol }] of Object.entries(AGENTS))
      if (protocol && !(await hasTraced(sink, protocol, visits.get(agent), roundMs))) found[agent] = undefined;
    for (let round = 0; round < rounds; round++)
      for (const [agent, visit] of visits) {
        const { microseconds, calls } = await visit.ask('round', { durationMs: roundMs });
        found[agent]?.push(microseconds / calls);
      }
    return found;
  } finally {
    for (const visit of visits.values()) await visit.stop();
  }
}

function rowOf(library, { bare, ...agents }, goal) {
  const base = quantile(bare, 0.5);
  const added = Object.values(agents).map((values) => values?.map((value) => value - base));
  const [ours, , peer] = added.map((values) => values && quantile(values, 0.5));
  const isMet = ours <= (goal ?? Infinity) && ours <= peer / 2;
  const cells = [library, shown(bare), ...added.map((values) => (values ? shown(values) : 'not traced'))];
  return `| ${[...cells, `${isMet ? 'met' : 'not met'}: ${goal === undefined ? '' : `${goal}, `}half of OpenTelemetry's`].join(' | ')} |`;
}

async function row(library, sink, plan) {
  const { server, goal } = LIBRARIES[library];
  let started;
  try {
    started = server === undefined ? await Child.start(path.join(FOLDER, 'stock.js'), {}) : await servers.start(server);
  } catch (error) {
    if (!(error instanceof servers.Missing)) throw error;
    return `| ${library} | ${error.message} |`;
  }
  try {
    return rowOf(library, await measure(library, started.port, sink, plan), goal);
  } finally {
    await started.stop();
  }
}

function readArguments(argv) {
  const names = argv.filter((argument) => argument !== '--quick');
  if (names.some((name) => !Object.hasOwn(LIBRARIES, name)))
    throw new Error(`usage: npm run bench:libraries [-- [NAME…] [--quick]]\nNAME: ${Object.keys(LIBRARIES).join(' ')}`);
  return {
    names: names.length > 0 ? names : Object.keys(LIBRARIES),
    plan: argv.includes('--quick') ? PLANS.quick : PLANS.full,
  };
}

async function main(argv) {
  const { names, plan } = readArguments(argv);
  await install();
  const sink = await Child.start(path.join(__dirname, 'sink', 'main.js'), {});
  console.log(
    `Node ${process.versions.node}, microseconds of CPU time a call; load before: ${os.loadavg()[0].toFixed(2)}\n`,
  );
  console.log(`| library | bare | ${Object.keys(AGENTS).slice(1).join(' adds | ')} adds | goal |`);
  console.log(`|---|---|${'---|'.repeat(Object.keys(AGENTS).length)}`);
  try {
    for (const name of names) console.log(await row(name, sink, plan));
  } finally {
    await sink.stop();
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
