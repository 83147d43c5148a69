'use strict';

/*
 * What the agents report to: a process of its own that reads everything, counts it, and answers just enough. Three
 * ports, for three protocols. A real backend, and our own embedded one, would be what limits the faster agents.
 */

const { countOtlp, countV2, countV3, fresh } = require('./counts');
const { grpcServer } = require('./grpc-server');
const { v2Registry } = require('./v2-registry');

const COLLECT = '/TraceSegmentReportService/collect';
const V3_PREFIX = '/skywalking.v3.';
const OTLP_EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const counts = { v2: fresh(), v3: fresh(), otlp: fresh() };
/** Messages that are not decoded yet. */
const unread = { v2: [], v3: [], otlp: [] };
/** Requests that wait for a number of units of a protocol. */
const waiting = [];

const now = () => performance.timeOrigin + performance.now();
const nothing = () => Buffer.alloc(0);

const READ = { v2: countV2, v3: countV3, otlp: countOtlp };

/**
 * It looks into messages when it is asked what came, which is between the measurements: a sink that is busy with that
 * takes less than an agent sends, and measures how agents are held up.
 */
function read(protocol) {
  for (const message of unread[protocol].splice(0)) READ[protocol](counts[protocol], message);
  return counts[protocol];
}

function tracesOf(protocol) {
  return {
    onData: (bytes) => (counts[protocol].bytes += bytes),
    onMessage: (message) => {
      unread[protocol].push(message);
      const those = waiting.filter((each) => each.protocol === protocol);
      if (those.length === 0) return;
      const { units } = read(protocol);
      for (const each of those) if (units >= each.units) each.done();
    },
    answer: nothing,
  };
}

function v2() {
  const registry = v2Registry();
  const traces = tracesOf('v2');
  return (path) => (path === COLLECT ? traces : registry[path] && { answer: registry[path] });
}

function v3() {
  const traces = tracesOf('v3');
  return (path) => {
    if (!path.startsWith(V3_PREFIX)) return undefined;
    return path.endsWith('TraceSegmentReportService/collect') ? traces : { answer: nothing };
  };
}

function otlp() {
  const traces = tracesOf('otlp');
  return (path) => (path === OTLP_EXPORT ? traces : undefined);
}

const requests = {
  count: ({ protocol }) => ({ ...read(protocol) }),
  reset: ({ protocol }) => {
    unread[protocol] = [];
    counts[protocol] = fresh();
    return {};
  },
  /** Answers when that many units are there, or after a while without. */
  awaitUnits: ({ protocol, units, timeoutMs }) =>
    new Promise((resolve) => {
      const each = { protocol, units, done: () => settle(now()) };
      const timer = setTimeout(() => settle(undefined), timeoutMs);
      const settle = (at) => {
        clearTimeout(timer);
        waiting.splice(waiting.indexOf(each), 1);
        resolve({ at, units: read(protocol).units });
      };
      waiting.push(each);
      if (read(protocol).units >= units) each.done();
    }),
};

process.on('disconnect', () => process.exit());
process.on('message', async ({ id, type, ...rest }) => process.send({ id, ...(await requests[type](rest)) }));

Promise.all([grpcServer(v2()), grpcServer(v3()), grpcServer(otlp())]).then(([v2Port, v3Port, otlpPort]) =>
  process.send({ ready: true, ports: { v2: v2Port, v3: v3Port, otlp: otlpPort } }),
);
