'use strict';

const orders = require('../harness/orders');

module.exports = { ...orders, title: 'restify', package: 'restify', minNode: '22' };
