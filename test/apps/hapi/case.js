'use strict';

const orders = require('../harness/orders');

module.exports = { ...orders, title: 'hapi', package: '@hapi/hapi', ci: true };
