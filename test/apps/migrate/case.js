'use strict';

module.exports = {
  title: 'An application of skywalking-backend-js with its variables: only the name of the package is replaced',
  package: 'express',
  ci: true,
  load: 'program',
  env: {
    SW_AGENT_MAX_BUFFER_SIZE: '500',
    SW_AGENT_LOGGING_LEVEL: 'error',
    SW_AGENT_DISABLE_PLUGINS: 'mysql',
    SW_IGNORE_SUFFIX: '.gif',
    SW_TRACE_IGNORE_PATH: 'GET:/health',
    SW_HTTP_IGNORE_METHOD: 'OPTIONS',
  },
  requests: [{ path: '/orders/1' }, { path: '/picture.gif' }, { path: '/orders/2', method: 'OPTIONS' }],
  end: 'SIGTERM',
  traces: { entries: 1, endpoints: ['GET:/orders/:order'], exits: [/^127\.0\.0\.1:\d+$/] },
};
