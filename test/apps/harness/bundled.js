'use strict';

/** What is asked of an application that a bundler has made one file of: the agent is in it, and nothing lies beside it. */
module.exports = {
  load: 'program',
  requests: [{ path: '/orders/1' }, { path: '/orders/2' }],
  end: 'SIGTERM',
  traces: { endpoints: ['GET:/orders/:order'] },
};
