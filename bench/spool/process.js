'use strict';

/* A process with a spool, or without: makes segments as fast as it is told to, fills a spool, delivers one. */

const { setTimeout: sleep, setImmediate: turn } = require('node:timers/promises');
const { agentOf, answer } = require('../growth/agent');

const MB = 1024 ** 2;
const WARM_UP_MS = 8_000;

const spoolOf = (directory) =>
  directory && { spool: { directory, maxBytes: 4 * 1024 * MB, seal: 'medium' }, maxBuffer: 10_000 };

function trace({ tracer }, number) {
  const entry = tracer.openEntry(`/orders/${number % 100}`);
  tracer.end(tracer.openExit('/stock', 'stock.shop.example:8080', entry));
  tracer.end(entry);
}

/** How long the event loop was held up, turn by turn; by looking at it all the time. */
async function watchStalls(isOver) {
  const gaps = [];
  for (let before = performance.now(); !isOver();) {
    await turn();
    const now = performance.now();
    gaps.push(now - before);
    before = now;
  }
  gaps.sort((a, b) => a - b);
  return { worstMs: gaps.at(-1), p9999Ms: gaps[Math.floor(gaps.length * 0.9999)] };
}

const tasks = {
  /** This many segments a second while there is no backend; after a while in which it all gets warm. */
  async spill({ backends, directory, rate, seconds, isWatched }) {
    const agent = agentOf({ backends, ...spoolOf(directory) });
    let done = 0;
    let isOver = false;
    const begun = performance.now();
    const make = async () => {
      while (!isOver) {
        for (const due = ((performance.now() - begun) * rate) / 1_000; done < due; done++) trace(agent, done);
        await sleep(1);
      }
    };
    const making = make();
    await sleep(WARM_UP_MS);
    const doneBefore = done;
    const cpu = process.cpuUsage();
    const until = performance.now() + seconds * 1_000;
    const stalls = isWatched ? await watchStalls(() => performance.now() >= until) : await sleep(seconds * 1_000);
    const { user, system } = process.cpuUsage(cpu);
    const segments = done - doneBefore;
    isOver = true;
    await making;
    return { ...stalls, cpuUs: (user + system) / segments, rate: segments / seconds, status: agent.status() };
  },

  /** Until that number of bytes lies on the disk. */
  async fill({ backends, directory, bytes }) {
    const agent = agentOf({ backends, ...spoolOf(directory) });
    for (let number = 0; (agent.status().spool?.bytes ?? 0) < bytes;) {
      const { spool, segments } = agent.status();
      // No faster than the disk.
      if (spool && spool.waitingForDisk + segments.buffered < 20_000)
        for (let left = 1_000; left > 0; left--) trace(agent, number++);
      await sleep(1);
    }
    const { files, segments } = agent.status().spool;
    return { files, bytes: agent.status().spool.bytes, segments };
  },

  /** What a dead process has left. */
  async deliver({ backends, directory, segments }) {
    const agent = agentOf({ backends, ...spoolOf(directory) });
    let rss = 0;
    const begun = performance.now();
    let firstAt;
    do {
      await sleep(20);
      rss = Math.max(rss, process.memoryUsage.rss());
      if (agent.status().spool?.adopted > 0) firstAt ??= performance.now();
    } while ((agent.status().spool?.adopted ?? 0) < segments || performance.now() - begun < WARM_UP_MS / 2);
    return { rssMb: rss / MB, ms: performance.now() - (firstAt ?? begun), status: agent.status() };
  },
};

answer(({ task, ...rest }) => tasks[task](rest));
