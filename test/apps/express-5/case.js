'use strict';

/** What is asked of Express 4, too. */
const requests = [
  { path: '/orders/1' },
  { path: '/orders/2?full=yes' },
  { path: '/orders', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"order":3}' },
  { path: '/tenants/a/orders/1', headers: { authorization: 'a' } },
  { path: '/tenants/b/orders/2', headers: { authorization: 'b' } },
  { path: '/tenants/c/orders/3' },
  { path: '/tenants/d/orders/4' },
  { path: '/list/1' },
  { path: '/lists/2' },
  { path: '/files/1' },
  { path: '/files/2' },
  { path: '/broken/1' },
  { path: '/broken/2' },
  { path: '/nowhere' },
];

module.exports = {
  title: 'Express 5',
  package: 'express',
  ci: true,
  requests,
  end: 'SIGTERM',
  traces: {
    endpoints: [
      'GET:/orders/:order',
      'POST:/orders',
      'GET:/tenants/:tenant/orders/:order',
      // The guard's answers: no route was found yet.
      'GET:/tenants/:tenant',
      'GET:/list/:one',
      'GET:/lists/:one',
      'GET:/^\\/files\\/(\\d+)$/',
      'GET:/broken/:one',
      'GET:/nowhere',
    ],
  },
};
