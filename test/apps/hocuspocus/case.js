'use strict';

module.exports = {
  title: 'Hocuspocus, documents shared by WebSocket',
  package: '@hocuspocus/server',
  load: 'import',
  program: ['app.mjs'],
  requests: [{ path: '/health' }, { path: '/share/1' }, { path: '/share/2' }],
  end: 'SIGTERM',
  expects: ({ answers }) =>
    answers
      .slice(1)
      .filter(({ body }) => !/^shared /.test(body))
      .map(({ body }) => `not shared: ${body}`),
  traces: {
    moreEntries: true,
    entries: 3,
    endpoints: ['GET:/health', 'GET:/share/{id}'],
    exits: [/^127\.0\.0\.1:\d+$/],
  },
};
