'use strict';

const requests = [{ path: '/orders/1' }, { path: '/orders/2' }, { path: '/broken/1' }];

module.exports = {
  title: '@sentry/node with tracing beside the agent, Express 5',
  package: '@sentry/node',
  ci: true,
  program: ['--require', './sentry.js', 'app.js'],
  requests,
  end: 'SIGTERM',
  unordered: true,
  expects: ({ stdout }) =>
    /transaction GET \/orders\/:order/.test(stdout) && /event broken/.test(stdout)
      ? []
      : [`Sentry itself shows neither transactions nor events: ${stdout}`],
  traces: {
    endpoints: ['GET:/orders/:order', 'GET:/inner', 'GET:/broken/:order'],
    entries: 5,
    refs: 2,
    exits: [/^127\.0\.0\.1:\d+$/],
  },
};
