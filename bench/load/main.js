'use strict';

/* The load generator, a process of its own. */

const { Connection } = require('./connection');

const CLOSED_CONNECTIONS = 16;
const OPEN_CONNECTIONS = 64;
const TICK_MS = 1;

function requestOf({ method, path, body }) {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1:8080', 'accept: */*'];
  if (body !== undefined) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

function connect(port, target, count, reject) {
  const request = requestOf(target);
  return Array.from({ length: count }, () => Object.assign(new Connection(port, request), { onError: reject }));
}

/** The connections that are left open for the next call, by the port. */
const kept = new Map();

/**
 * As many requests as the server takes, each connection sends its next one when it has its answer.
 * @param requests how many; `Infinity`: as many as there is time for in `durationMs`
 * @param isCalm it may sleep meanwhile, and keeps its connections: not time is measured, but what the server does
 */
function closed({ port, target, requests = Infinity, durationMs = Infinity, isCalm = false }) {
  return new Promise((resolve, reject) => {
    const connections = kept.get(port) ?? connect(port, target, CLOSED_CONNECTIONS, reject);
    for (const each of connections) each.onError = reject;
    if (isCalm) kept.set(port, connections);
    const begun = performance.now();
    let most = requests;
    let sent = 0;
    let answered = 0;
    // It never sleeps: to wake a process costs the process that sends it something, here the server, and a slower one more often.
    const stayAwake = () => {
      if (performance.now() - begun >= durationMs) most = Math.min(most, sent);
      if (answered < most) setImmediate(stayAwake);
    };
    if (!isCalm) stayAwake();
    const next = (connection) => {
      if (sent >= most) return;
      sent++;
      connection.send(connection.answered);
    };
    for (const connection of connections) {
      connection.answered = () => {
        answered++;
        next(connection);
        if (answered < sent) return;
        const elapsedMs = performance.now() - begun;
        if (!isCalm) for (const each of connections) each.close();
        resolve({ requests: answered, elapsedMs });
      };
      next(connection);
    }
  });
}

/** A fixed number of requests a second whatever the server does; what finds no connection waits, and its time counts from before. */
function open({ port, target, rate, requests }) {
  return new Promise((resolve, reject) => {
    const idle = connect(port, target, OPEN_CONNECTIONS, reject);
    const all = [...idle];
    const latencies = [];
    const waiting = [];
    const begun = performance.now();
    let sent = 0;
    const send = (dueAt) => {
      const connection = idle.pop();
      if (!connection) {
        waiting.push(dueAt);
        return;
      }
      connection.send(() => {
        latencies.push(performance.now() - dueAt);
        idle.push(connection);
        if (waiting.length > 0) send(waiting.shift());
        if (latencies.length === requests) end();
      });
    };
    const timer = setInterval(() => {
      const now = performance.now();
      for (const due = Math.min(requests, ((now - begun) * rate) / 1000); sent < due; sent++) send(now);
    }, TICK_MS);
    const end = () => {
      clearInterval(timer);
      for (const each of all) each.close();
      latencies.sort((a, b) => a - b);
      const quantile = (share) => latencies[Math.ceil(share * requests) - 1];
      resolve({ p50: quantile(0.5), p99: quantile(0.99), requests: latencies.length });
    };
  });
}

const kinds = { closed, open };

process.on('disconnect', () => process.exit());
process.on('message', async ({ id, type, ...rest }) => {
  try {
    process.send({ id, ...(await kinds[type](rest)) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.send({ ready: true });
