'use strict';

module.exports = {
  ...require('../harness/next'),
  title: 'Next.js 16: instrumentation.js, next start',
  ci: true,
  minNode: '20.9',
  shares: ['next-15'],
};
