'use strict';

module.exports = {
  ...require('../loggers/case'),
  title: 'the oldest pino and bunyan that get the ids of the trace',
  ci: false,
  shares: ['loggers'],
};
