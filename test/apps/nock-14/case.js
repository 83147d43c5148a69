'use strict';

module.exports = {
  ...require('../nock-13/case'),
  title: 'nock 14',
  ci: false,
  shares: ['nock-13'],
  // A request of Node's on a socket of its own.
  traces: { endpoints: ['GET:/orders'], exits: ['prices.test:80'] },
};
