'use strict';

const paths = ['/shops/1/newest', '/shops/2/1001', '/shops/3/1002', '/shops/3/1002/lines', '/files/a/b', '/nowhere'];

module.exports = {
  title: 'Hono, by require, with an application within another',
  package: 'hono',
  requests: paths.map((path) => ({ path })),
  end: 'SIGTERM',
  traces: {
    endpoints: [
      'GET:/shops/:shop/newest',
      'GET:/shops/:shop/:order',
      'GET:/shops/:shop/:order/lines',
      'GET:/files/*',
      'GET:/nowhere',
    ],
  },
};
