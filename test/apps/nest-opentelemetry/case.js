'use strict';

const nest = require('../nest-express/case');
const { localsOfEntries } = require('../harness/locals');

module.exports = {
  ...nest,
  title: "NestJS 11 on Express with OpenTelemetry's instrumentation of it",
  shares: ['nest-express'],
  traces: {
    ...nest.traces,
    // One is that of the start.
    traces: nest.requests.length + 1,
    check: localsOfEntries({
      '/orders/:order': ['Orders.read', 'read'],
      '/orders': ['Orders.write', 'write'],
      '/broken/:order': ['Orders.broken failed', 'broken failed'],
    }),
  },
};
