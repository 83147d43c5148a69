'use strict';

const { freePort } = require('../harness/program');

module.exports = {
  title: 'dd-trace beside the agent, Express 5',
  package: 'dd-trace',
  minNode: '22',
  env: {
    DD_TRACE_AGENT_HOSTNAME: '127.0.0.1',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    DD_CRASHTRACKING_ENABLED: 'false',
  },
  requests: [{ path: '/orders/1' }, { path: '/orders/2' }],
  end: 'SIGTERM',
  /** Datadog's agent is a process of its own, which ours does not see. */
  async play(stage) {
    const port = await freePort();
    stage.env = { ...stage.env, DD_TRACE_AGENT_PORT: String(port) };
    const datadog = stage.spawn(['datadog.js'], { WITH_AGENT: '' });
    await datadog.listensOn(port, 30_000);
    return stage.play();
  },
  expects: ({ answers }) =>
    answers.filter(({ body }) => !/"traced":true/.test(body)).map(({ body }) => `not traced: ${body}`),
  known: [
    {
      difference: /^(traces|peers): /,
      reason: "dd-trace's own reports to Datadog's agent are calls of the process: each is a trace of its own",
    },
  ],
  traces: {
    endpoints: ['GET:/orders/:order', 'GET:/inner'],
    entries: 4,
    refs: 2,
    exits: [/^127\.0\.0\.1:\d+$/],
  },
};
