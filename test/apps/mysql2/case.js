'use strict';

module.exports = {
  ...require('../harness/database').caseOf('database.js'),
  title: 'mysql2 in callback style: a pool of one connection, opened in the first request',
  package: 'mysql2',
  ci: true,
};
