'use strict';

const orders = require('../harness/orders');

module.exports = {
  ...orders,
  title: 'Hono on @hono/node-server',
  package: 'hono',
  ci: true,
  program: ['app.mjs'],
  load: 'import',
};
