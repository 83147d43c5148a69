'use strict';

module.exports = { ...require('../express-5/case'), title: 'Express 4', shares: ['express-5'] };
