'use strict';

module.exports = {
  title: 'Mock Service Worker 2',
  package: 'msw',
  ci: true,
  load: 'import',
  program: ['app.mjs'],
  requests: [{ path: '/http' }, { path: '/fetch' }],
  end: 'SIGTERM',
  expects: ({ answers }) =>
    answers.filter(({ body }) => body !== '{"price":7}').map(({ body }) => `not mocked: ${body}`),
  traces: { endpoints: ['GET:/http', 'GET:/fetch'], exits: ['prices.test:80'] },
};
