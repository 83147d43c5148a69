'use strict';

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Child } = require('./child');

const BENCH = path.join(__dirname, '..');

const FIRST_REQUESTS = 200;
const FIRST_TRACE_MS = 20_000;
const DELIVERY_MS = 30_000;
/** When so long nothing more has come, nothing more will. */
const QUIET_MS = 2_500;
const POLL_MS = 50;
/** The quietest of many bursts is what counts, but slow agents have to be content with few. */
const BURSTS_MS = 3_000;

const BURST_SEGMENTS = 5_000;

/**
 * One process of one application under one agent, from its start to its end, and what was measured of it.
 *
 * @param stage `{ sink, load, stock }`, processes that outlive the visit
 * @param plan `{ warmUp, requests, bursts, leastBursts, rate, steadyRequests, segmentBursts }`
 */
async function visit(agent, scenario, stage, plan) {
  const server = await startServer(agent, scenario, stage);
  const sink = sinkOf(agent, stage);
  const load = (kind, more) => stage.load.ask(kind, { port: server.port, target: scenario.target, ...more });
  const closed = async (requests) => {
    await sink.reset();
    await server.ask('begin');
    const { elapsedMs } = await load('closed', { requests });
    await server.ask('flush');
    const received = await sink.delivered(requests);
    return { requests, elapsedMs, received, ...(await server.ask('end')) };
  };
  try {
    await untilTraced(agent, server, load, sink);
    await closed(plan.warmUp);
    const bursts = [];
    const begun = performance.now();
    while (bursts.length < plan.leastBursts || (bursts.length < plan.bursts && performance.now() - begun < BURSTS_MS)) {
      bursts.push(await closed(plan.requests));
    }
    const steady = await steadily(server, load, sink, plan);
    const segmentBursts = [];
    for (let i = 0; agent.protocol && i < plan.segmentBursts; i++) segmentBursts.push(await segmentBurst(server, sink));
    return { start: server.atFirstLine, bursts, steady, segmentBursts };
  } finally {
    await server.stop();
  }
}

function startServer(agent, scenario, { sink, stock }) {
  const address = `127.0.0.1:${sink.ports[agent.protocol]}`;
  return Child.start(path.join(BENCH, 'apps', `${scenario.name}.js`), {
    args: scenario.needsStock ? [String(stock.port)] : [],
    execArgv: agent.preload ? ['--require', path.join(BENCH, 'agents', `${agent.preload}.js`)] : [],
    env: agent.env?.(address) ?? {},
    core: 'server',
  });
}

/**
 * The sink as one protocol sees it. Without an agent nothing comes, and all the same it is waited for: a server that has
 * just been idle is slower than one that has not.
 */
function sinkOf({ protocol }, { sink }) {
  if (!protocol)
    return { reset: () => undefined, delivered: () => sleep(POLL_MS).then(() => undefined), entries: () => 1 };
  const count = () => sink.ask('count', { protocol });
  return {
    reset: () => sink.ask('reset', { protocol }),
    entries: async () => (await count()).entries,
    async delivered(expected) {
      const begun = performance.now();
      let grownAt = begun;
      let last = await count();
      while (last.entries < expected && performance.now() - begun < DELIVERY_MS) {
        await sleep(POLL_MS);
        const next = await count();
        if (next.units !== last.units) grownAt = performance.now();
        else if (performance.now() - grownAt > QUIET_MS) break;
        last = next;
      }
      return count();
    },
    awaitUnits: (units) => sink.ask('awaitUnits', { protocol, units, timeoutMs: DELIVERY_MS }),
  };
}

/** Agents register first, and some trace nothing until then. */
async function untilTraced({ name }, server, load, sink) {
  const begun = performance.now();
  await sink.reset();
  for (let requests = FIRST_REQUESTS; ; requests += FIRST_REQUESTS) {
    await load('closed', { requests: FIRST_REQUESTS });
    await server.ask('flush');
    if ((await sink.entries()) > 0) {
      // What is still on its way must not be counted among what follows.
      await sink.delivered(requests);
      return;
    }
    if (performance.now() - begun > FIRST_TRACE_MS) throw new Error(`${name}: nothing reached the sink`);
    await sleep(10 * POLL_MS);
  }
}

async function steadily(server, load, sink, { rate, steadyRequests }) {
  await sink.reset();
  await server.ask('begin');
  const latencies = await load('open', { rate, requests: steadyRequests });
  await server.ask('flush');
  const received = await sink.delivered(steadyRequests);
  return { ...latencies, received, ...(await server.ask('end')) };
}

async function segmentBurst(server, sink) {
  await sink.reset();
  const arrived = sink.awaitUnits(BURST_SEGMENTS);
  const { begunAt, recordedAt } = await server.ask('burst', { segments: BURST_SEGMENTS });
  const { at, units } = await arrived;
  const { worstGapMs } = await server.ask('burstEnd');
  return { recordMs: recordedAt - begunAt, deliverMs: at === undefined ? undefined : at - begunAt, units, worstGapMs };
}

module.exports = { BURST_SEGMENTS, visit };
