'use strict';

const { freePort } = require('./program');

const PATHS = ['/a', '/b', '/c'];

/** @returns the requests that are traced, one list for each trace */
function requestsByTrace(segments) {
  const names = new Map();
  for (const { traceId, spans } of segments) {
    const entries = spans.filter(({ type }) => type === 'Entry').map(({ operationName }) => operationName);
    names.set(traceId, [...(names.get(traceId) ?? []), ...entries]);
  }
  return [...names.values()];
}

/** What a callback asks for is in the trace of its request; in that of another it must never be. */
function checkTraces({ segments, entries }) {
  const traces = requestsByTrace(segments);
  const isMixed = (trace) => new Set(trace.map((name) => name.at(-1))).size > 1;
  const isWhole = (path) =>
    traces.some((trace) => trace.includes(`GET:${path}`) && trace.includes(`GET:/inner${path}`));
  const found = traces.map((trace) => trace.join(' + ')).join('; ');
  return [
    ...(traces.some(isMixed) ? [`a request is in the trace of another: ${found}`] : []),
    ...(PATHS.every(isWhole) ? [] : [`a callback has lost its request: ${found}`]),
    ...(entries === 2 * PATHS.length ? [] : [`${entries} requests are traced`]),
  ];
}

/** The database is a process of its own, which the agent does not see. */
async function play(stage, database, exits) {
  const port = await freePort();
  exits.splice(0, exits.length, `127.0.0.1:${port}`, `127.0.0.1:${stage.port}`);
  stage.env = { ...stage.env, DATABASE_PORT: String(port) };
  const server = stage.spawn([database], { WITH_AGENT: '' });
  await server.listensOn(port, 30_000);
  return stage.play();
}

/** @param database the program that serves it */
function caseOf(database) {
  const exits = [];
  return {
    requests: PATHS.map((path) => ({ path })),
    end: 'SIGTERM',
    play: (stage) => play(stage, database, exits),
    expects: ({ answers }) => answers.filter(({ status }) => status !== 200).map(({ body }) => `it fails: ${body}`),
    traces: {
      endpoints: PATHS.flatMap((path) => [`GET:${path}`, `GET:/inner${path}`]),
      entries: 2 * PATHS.length,
      moreEntries: true,
      exits,
      check: checkTraces,
    },
  };
}

module.exports = { caseOf };
