'use strict';

module.exports = {
  ...require('../ioredis/case'),
  title: 'ioredis 4, which publishes nothing',
  shares: ['shared', 'ioredis'],
  ci: false,
};
