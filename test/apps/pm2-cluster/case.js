'use strict';

module.exports = { ...require('../harness/pm2').caseOf('cluster'), ci: true };
