'use strict';

const { localsOfEntries } = require('../harness/locals');
const express = require('../express-5/case');

module.exports = {
  ...express,
  title: "Express 5 with OpenTelemetry's instrumentations of it, its router, http and undici",
  shares: ['express-5'],
  ci: false,
  // Ours are there, so they are loaded only where they are named.
  env: { SW_AGENT_OPENTELEMETRY: 'http,undici,express,router' },
  traces: { ...express.traces, check: localsOfEntries({ '/orders/:order': [], '/tenants/:tenant/orders/:order': [] }) },
};
