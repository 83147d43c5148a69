'use strict';

const { pgCase, ...pg } = require('../pg/case');

module.exports = {
  ...pg,
  ...pgCase(['cursor-closed', 'cursor-promise', 'cursor-failed', 'cursor-left', 'stream-broken', 'timed-out']),
  title: 'pg 8.0.3, the oldest',
  shares: ['shared', 'pg'],
  ci: false,
};
