'use strict';

module.exports = {
  title: "OpenTelemetry's SDK with its http, grpc and dns instrumentations beside the agent",
  package: '@opentelemetry/sdk-node',
  ci: true,
  program: ['--require', './otel.js', 'app.js'],
  env: { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
  // A name, so that the agent's own connection has to look it up.
  backendHost: 'localhost',
  requests: [{ path: '/orders' }, { path: '/orders' }],
  end: 'SIGTERM',
  unordered: true,
  expects: ({ stdout, answers }) => [
    ...answers.filter(({ body }) => body !== 'hello orders').map(({ body }) => `not greeted: ${body}`),
    ...(/span \d grpc/.test(stdout) && /span \d GET/.test(stdout) && /span \d dns/i.test(stdout)
      ? []
      : [`OpenTelemetry itself shows no spans of http, grpc and dns: ${stdout}`]),
  ],
  traces: { endpoints: ['GET:/orders', 'GET:/inner'], entries: 4, refs: 2, exits: [/^localhost:\d+$/] },
};
