'use strict';

const opentelemetry = require('../opentelemetry/case');

module.exports = {
  ...opentelemetry,
  title: "OpenTelemetry's SDK, started after an agent that has `openTelemetry: true`: the spans are the agent's, once",
  ci: false,
  shares: ['opentelemetry'],
  env: { ...opentelemetry.env, SW_AGENT_OPENTELEMETRY: 'true' },
  // The SDK, whose exporters get none, is what prints them.
  normalise: [[/^span .*\n/gm, '']],
  traces: {
    ...opentelemetry.traces,
    endpoints: [...opentelemetry.traces.endpoints, '/orders.Greeter/Greet'],
    entries: 6,
    refs: 4,
    // Two are of the names that its own servers listen on; the agent's own name is not looked up in a span.
    traces: 4,
    exits: [/^localhost:\d+$/, /^127\.0\.0\.1:\d+$/],
  },
  expectsWithAgent: ({ stdout }) => (/^span /m.test(stdout) ? ['the SDK has spans as well'] : []),
};
