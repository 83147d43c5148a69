'use strict';

const { localsOfEntries } = require('../harness/locals');

module.exports = {
  title: 'Hono with @hono/otel, whose span is that of the request',
  package: '@hono/otel',
  program: ['app.mjs'],
  load: 'import',
  requests: [{ path: '/orders/1001' }, { path: '/asks/1002' }, { path: '/broken/1003' }],
  end: 'SIGTERM',
  expects: ({ answers }) =>
    answers.map(({ status }) => status).join() === '200,200,500' ? [] : ['the application itself fails'],
  traces: {
    endpoints: ['GET:/orders/:order', 'GET:/asks/:order', 'GET:/broken/:order'],
    entries: 4,
    refs: 1,
    exits: [/^127\.0\.0\.1:\d+$/],
    check: localsOfEntries({ '/orders/:order': [], '/asks/:order': [] }),
  },
};
