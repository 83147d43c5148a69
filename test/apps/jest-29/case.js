'use strict';

module.exports = {
  ...require('../jest-30/case'),
  title: 'Jest 29: the application under test starts the agent',
  ci: false,
  shares: ['jest-30'],
};
