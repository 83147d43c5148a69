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

const BURST_SEGMENTS = 5_000;

/** One process of one application under one agent, from its start to its end. */
class Visit {
  /**
   * Returns when what the process traces reaches the sink.
   * @param stage `{ sink, load, stock }`, processes that outlive the visit
   * @param flags of the process, besides those that load the agent
   */
  static async start(agent, scenario, stage, flags = []) {
    const { sink, stock } = stage;
    const address = `127.0.0.1:${sink.ports[agent.protocol]}`;
    const server = await Child.start(path.join(BENCH, 'apps', `${scenario.name}.js`), {
      args: scenario.needsStock ? [String(stock.port)] : [],
      execArgv: [...flags, ...(agent.preload ? ['--require', path.join(BENCH, 'agents', agent.preload)] : [])],
      env: agent.env?.(address) ?? {},
      core: 'server',
    });
    const visit = new Visit(agent, scenario, stage, server);
    try {
      await visit.untilTraced();
    } catch (error) {
      await visit.stop();
      throw error;
    }
    return visit;
  }

  constructor(agent, { target }, { sink, load }, server) {
    this.agent = agent;
    this.server = server;
    this.start = server.atFirstLine;
    this.sink = sinkOf(agent, sink);
    this.load = (kind, more) => load.ask(kind, { port: server.port, target, ...more });
  }

  /**
   * All requests that the server takes; what it uses until everything is delivered.
   * @param plan `{ durationMs }` or `{ requests }`
   */
  closed(plan) {
    return this.measured(() => this.load('closed', plan));
  }

  /** A steady rate of requests. */
  steady(rate, requests) {
    return this.measured(() => this.load('open', { rate, requests }));
  }

  async measured(loaded) {
    await this.sink.reset();
    await this.server.ask('begin');
    const result = await loaded();
    await this.server.ask('flush');
    const received = await this.sink.delivered(result.requests);
    return { ...result, received, ...(await this.server.ask('end')) };
  }

  async segmentBurst() {
    const { server, sink } = this;
    await sink.reset();
    const arrived = sink.awaitUnits(BURST_SEGMENTS);
    const { begunAt, recordedAt } = await server.ask('burst', { segments: BURST_SEGMENTS });
    const { at, units } = await arrived;
    const { worstGapMs } = await server.ask('burstEnd');
    return {
      recordMs: recordedAt - begunAt,
      deliverMs: at === undefined ? undefined : at - begunAt,
      units,
      worstGapMs,
    };
  }

  stop() {
    return this.server.stop();
  }

  /** Agents register first, and some trace nothing until then. */
  async untilTraced() {
    const { sink } = this;
    const begun = performance.now();
    await sink.reset();
    for (let requests = FIRST_REQUESTS; ; requests += FIRST_REQUESTS) {
      await this.load('closed', { requests: FIRST_REQUESTS });
      await this.server.ask('flush');
      if ((await sink.entries()) > 0) {
        // What is still on its way must not be counted among what follows.
        await sink.delivered(requests);
        return;
      }
      if (performance.now() - begun > FIRST_TRACE_MS) throw new Error(`${this.agent.name}: nothing reached the sink`);
      await sleep(10 * POLL_MS);
    }
  }
}

/**
 * The sink as one protocol sees it. Where nothing is to come, it is waited for all the same: a server that has just been
 * idle is slower than one that has not.
 */
function sinkOf({ protocol }, sink) {
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

module.exports = { Visit };
