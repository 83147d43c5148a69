'use strict';

const { localsOfEntries } = require('../harness/locals');
const hapi = require('../hapi/case');

module.exports = {
  ...hapi,
  title: "hapi with OpenTelemetry's instrumentation of it",
  shares: ['hapi'],
  ci: false,
  traces: { ...hapi.traces, check: localsOfEntries({ '/orders/{order}': ['route - /orders/{order}'] }) },
};
