'use strict';

const orders = require('../harness/orders');

module.exports = {
  ...orders,
  title: 'Hono on @hono/node-server',
  package: 'hono',
  ci: true,
  program: ['app.mjs'],
  load: 'import',
  // It keeps its route to itself.
  traces: { endpoints: ['GET:/orders/{id}', 'POST:/orders', 'GET:/guarded/{id}', 'GET:/broken/{id}', 'GET:/nowhere'] },
};
