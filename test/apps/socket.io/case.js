'use strict';

module.exports = {
  title: 'socket.io, by WebSocket and by polling',
  package: 'socket.io',
  ci: true,
  requests: [{ path: '/websocket' }, { path: '/polling' }],
  end: 'SIGTERM',
  expects: ({ answers }) => answers.filter(({ body }) => !/^echo /.test(body)).map(({ body }) => `no echo: ${body}`),
  traces: {
    moreEntries: true,
    endpoints: ['GET:/websocket', 'GET:/polling', 'GET:/socket.io/', 'POST:/socket.io/'],
    exits: [/^127\.0\.0\.1:\d+$/],
  },
};
