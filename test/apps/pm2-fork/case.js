'use strict';

module.exports = { ...require('../harness/pm2').caseOf('fork'), shares: ['pm2-cluster'] };
