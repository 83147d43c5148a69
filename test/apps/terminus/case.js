'use strict';

module.exports = {
  title: '@godaddy/terminus: raises the signal again',
  package: '@godaddy/terminus',
  ci: true,
  requests: [{ path: '/orders' }, { path: '/health' }],
  end: 'SIGTERM',
  expects: ({ signal }) => (signal === 'SIGTERM' ? [] : [`it ends with ${signal}, and not by the signal`]),
  traces: { endpoints: ['GET:/orders', 'GET:/health'] },
};
