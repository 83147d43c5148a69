'use strict';

const { localsOfEntries } = require('../harness/locals');
const koa = require('../koa/case');

module.exports = {
  ...koa,
  title: "Koa with OpenTelemetry's instrumentation of it",
  shares: ['koa'],
  ci: false,
  // Ours finds its routes, so it is loaded only where it is named.
  env: { SW_AGENT_OPENTELEMETRY: 'koa' },
  traces: { ...koa.traces, check: localsOfEntries({ '/orders/:order': [] }) },
};
