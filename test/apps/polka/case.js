'use strict';

const orders = require('../harness/orders');

module.exports = { ...orders, title: 'polka', package: 'polka', ci: true };
