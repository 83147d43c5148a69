'use strict';

/* A process with a spool, or without: makes segments as fast as it is told to, fills a spool, delivers one. */

const { setTimeout: sleep } = require('node:timers/promises');
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

const MAX_TURNS = 8_000_000;
const WARM_UP_TURNS = 100_000;

/** How long the event loop was held up, turn by turn; by looking at it all the time, without making garbage of its own. */
async function watchStalls(isOver) {
  const gaps = new Float64Array(MAX_TURNS);
  let count = 0;
  let skipped = 0;
  await new Promise((resolve) => {
    let before = performance.now();
    const look = () => {
      const now = performance.now();
      // The first are compiled meanwhile.
      if (skipped < WARM_UP_TURNS) skipped++;
      else gaps[count++] = now - before;
      before = now;
      if (count === MAX_TURNS || isOver()) resolve();
      else setImmediate(look);
    };
    setImmediate(look);
  });
  const sorted = gaps.subarray(0, count).sort();
  return { worstMs: sorted[count - 1], p9999Ms: sorted[Math.floor(count * 0.9999)] };
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
