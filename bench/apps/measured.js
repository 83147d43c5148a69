'use strict';

// The application's first line: everything that took time until here was Node, or the agent.
const atFirstLine = { elapsedMs: performance.now(), rssMb: process.memoryUsage.rss() / 1024 ** 2 };

const os = require('node:os');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { current } = require('../agents/in-process');

const MB = 1024 ** 2;
const SLICE_MS = 1;

const delay = monitorEventLoopDelay({ resolution: 1 });
const now = () => performance.timeOrigin + performance.now();
let cpuAtBegin;
let slices;

const requests = {
  begin: () => {
    delay.enable();
    delay.reset();
    cpuAtBegin = process.cpuUsage();
    return {};
  },
  end: () => {
    const { user, system } = process.cpuUsage(cpuAtBegin);
    delay.disable();
    return { cpuUs: user + system, stallMs: delay.max / 1e6, rssMb: process.memoryUsage.rss() / MB };
  },
  /** For what watches the process from outside: where a call of `uv_os_gethostname` is, a window of requests begins. */
  mark: () => {
    os.hostname();
    return { heapBytes: process.memoryUsage().heapUsed };
  },
  /** Where `--expose-gc` lets it. */
  collect: () => {
    globalThis.gc();
    return { heapBytes: process.memoryUsage().heapUsed };
  },
  /** What an agent would send later, it sends now. */
  flush: () => {
    void current().flush();
    return {};
  },
  /** Many segments at once, and from then on an event loop that is busy in slices. */
  burst: ({ segments }) => {
    const { span, flush } = current();
    const begunAt = now();
    for (let i = 0; i < segments; i++) span('work', () => undefined);
    const recordedAt = now();
    void flush();
    slices = busySlices();
    return { begunAt, recordedAt };
  },
  burstEnd: () => slices.stop(),
};

/** Works a millisecond at a time; what lies between two slices is everybody else's work, the agent's. */
function busySlices() {
  let worstGapMs = 0;
  let isOver = false;
  let endedAt = performance.now();
  const slice = () => {
    const begun = performance.now();
    worstGapMs = Math.max(worstGapMs, begun - endedAt);
    while (performance.now() - begun < SLICE_MS);
    endedAt = performance.now();
    if (!isOver) setImmediate(slice);
  };
  setImmediate(slice);
  return {
    stop: () => {
      isOver = true;
      return { worstGapMs };
    },
  };
}

/** The server listens, and the benchmark asks it how it is. */
function serve(server) {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, type, ...rest }) => process.send({ id, ...requests[type](rest) }));
  // Slowed down by what counts its instructions, it may be idle for long between two requests.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', () => process.send({ ready: true, port: server.address().port, atFirstLine }));
}

module.exports = { serve };
