'use strict';

const orders = require('../harness/orders');

module.exports = { ...orders, title: 'Koa with @koa/router', package: 'koa', ci: true };
