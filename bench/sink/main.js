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
/** Who waits for so many units of a protocol. */
const waiting = [];

const now = () => performance.timeOrigin + performance.now();
const nothing = () => Buffer.alloc(0);

function tracesOf(protocol, count) {
  return {
    onData: (bytes) => (counts[protocol].bytes += bytes),
    onMessage: (message) => {
      count(counts[protocol], message);
      for (const each of waiting) if (each.protocol === protocol && counts[protocol].units >= each.units) each.done();
    },
    answer: nothing,
  };
}

function v2() {
  const registry = v2Registry();
  const traces = tracesOf('v2', countV2);
  return (path) => (path === COLLECT ? traces : registry[path] && { answer: registry[path] });
}

function v3() {
  const traces = tracesOf('v3', countV3);
  return (path) => {
    if (!path.startsWith(V3_PREFIX)) return undefined;
    return path.endsWith('TraceSegmentReportService/collect') ? traces : { answer: nothing };
  };
}

function otlp() {
  const traces = tracesOf('otlp', countOtlp);
  return (path) => (path === OTLP_EXPORT ? traces : undefined);
}

const requests = {
  count: ({ protocol }) => ({ ...counts[protocol] }),
  reset: ({ protocol }) => {
    counts[protocol] = fresh();
    return {};
  },
  /** Answers when so many units are there, or after a while without. */
  awaitUnits: ({ protocol, units, timeoutMs }) =>
    new Promise((resolve) => {
      const each = { protocol, units, done: () => settle(now()) };
      const timer = setTimeout(() => settle(undefined), timeoutMs);
      const settle = (at) => {
        clearTimeout(timer);
        waiting.splice(waiting.indexOf(each), 1);
        resolve({ at, units: counts[protocol].units });
      };
      waiting.push(each);
      if (counts[protocol].units >= units) each.done();
    }),
};

process.on('disconnect', () => process.exit());
process.on('message', async ({ id, type, ...rest }) => process.send({ id, ...(await requests[type](rest)) }));

Promise.all([grpcServer(v2()), grpcServer(v3()), grpcServer(otlp())]).then(([v2Port, v3Port, otlpPort]) =>
  process.send({ ready: true, ports: { v2: v2Port, v3: v3Port, otlp: otlpPort } }),
);
