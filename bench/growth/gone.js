'use strict';

const net = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { agentOf, answer, memory } = require('./agent');
const { squeezedClock } = require('./squeezed-clock');

const MINUTE_MS = 60_000;

/** A port where no server listens, or one that accepts connections and never answers. */
function deadPort(isMute) {
  // It reads, so that it sees who hangs up: what it kept open would count as ours.
  const server = net.createServer((socket) => socket.resume().on('error', () => undefined));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      if (isMute) resolve(port);
      else server.close(() => resolve(port));
    });
  });
}

/** This many minutes of the agent's time with this many requests a second, while there is no backend. */
answer(async ({ minutes, rate, factor, isMute }) => {
  const clock = squeezedClock(factor);
  const agent = agentOf({ backends: `127.0.0.1:${await deadPort(isMute)}` }, clock);
  const { tracer } = agent;
  const begun = clock.elapsed();
  const rows = [];
  let done = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    const before = process.cpuUsage();
    const doneBefore = done;
    for (const until = begun + minute * MINUTE_MS; clock.elapsed() < until; await sleep(2)) {
      for (const due = ((clock.elapsed() - begun) * rate) / 1000; done < due; done++) {
        const entry = tracer.openEntry(`/orders/${done % 1_000}`);
        tracer.end(tracer.openExit('/stock', 'stock.shop.example:8080', entry));
        tracer.end(entry);
      }
    }
    const { user, system } = process.cpuUsage(before);
    const { segments, heartbeat } = agent.status();
    rows.push({
      minute,
      segments,
      lastError: heartbeat.lastError,
      cpuUs: (user + system) / (done - doneBefore),
      ...memory(),
    });
  }
  return { rows };
});
