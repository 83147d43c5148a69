'use strict';

module.exports = {
  title: 'An application of skywalking-backend-js, by skyanchor/compat',
  package: 'express',
  load: 'program',
  requests: [{ path: '/orders/1' }, { path: '/health' }, { path: '/orders/2' }, { path: '/named' }],
  end: 'SIGTERM',
  // The ignored path is no trace.
  traces: { entries: 3, endpoints: ['GET:/by/hand', 'GET:/orders/:order'] },
};
