'use strict';

const { localsOfEntries } = require('../harness/locals');
const express = require('../express-5/case');

module.exports = {
  ...express,
  title: "Express 5 with OpenTelemetry's instrumentations of it and of its router",
  shares: ['express-5'],
  ci: false,
  // Ours finds its routes, so they are loaded only where they are named.
  env: { SW_AGENT_OPENTELEMETRY: 'express,router' },
  traces: { ...express.traces, check: localsOfEntries({ '/orders/:order': [], '/tenants/:tenant/orders/:order': [] }) },
};
