'use strict';

module.exports = { ...require('../harness/next'), title: 'Next.js 15: instrumentation.js, next start' };
