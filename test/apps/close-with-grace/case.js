'use strict';

module.exports = {
  title: 'close-with-grace',
  package: 'close-with-grace',
  ci: true,
  requests: [{ path: '/orders' }],
  end: 'SIGTERM',
  expects: ({ code }) => (code === 0 ? [] : [`it ends with ${code}, and not with 0`]),
  traces: { endpoints: ['GET:/orders'] },
};
