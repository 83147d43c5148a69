'use strict';

const { freePort } = require('./program');

const PATHS = ['/a', '/b', '/c'];

/** Every trace has what was asked for and what its callback has asked for, and nothing of another. */
function checkTraces({ segments }) {
  const names = new Map();
  for (const { traceId, spans } of segments) {
    const entries = spans.filter(({ type }) => type === 'Entry').map(({ operationName }) => operationName);
    names.set(traceId, [...(names.get(traceId) ?? []), ...entries].sort());
  }
  const found = [...names.values()].map((entries) => entries.join(' + ')).sort();
  const wanted = PATHS.map((path) => `GET:${path} + GET:/inner${path}`);
  return found.join() === wanted.join() ? [] : [`traces: expected ${wanted.join('; ')}, found ${found.join('; ')}`];
}

/** The database is a process of its own, which the agent does not see. */
async function play(stage, database) {
  const port = await freePort();
  stage.env = { ...stage.env, DATABASE_PORT: String(port) };
  const server = stage.spawn([database], { WITH_AGENT: '' });
  await server.listensOn(port, 30_000);
  return stage.play();
}

/** @param database the program that serves it */
function caseOf(database) {
  return {
    requests: PATHS.map((path) => ({ path })),
    end: 'SIGTERM',
    play: (stage) => play(stage, database),
    expects: ({ answers }) => answers.filter(({ status }) => status !== 200).map(({ body }) => `it fails: ${body}`),
    traces: {
      endpoints: PATHS.flatMap((path) => [`GET:${path}`, `GET:/inner${path}`]),
      entries: 2 * PATHS.length,
      refs: PATHS.length,
      exits: [/^127\.0\.0\.1:\d+$/],
      check: checkTraces,
    },
  };
}

module.exports = { caseOf };
