'use strict';

module.exports = {
  title: 'tsx: node --import tsx',
  package: 'tsx',
  ci: true,
  program: ['--import', 'tsx', 'app.ts'],
  requests: [{ path: '/orders' }],
  end: 'SIGTERM',
  traces: { endpoints: ['GET:/orders'] },
};
