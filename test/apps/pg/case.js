'use strict';

module.exports = {
  ...require('../harness/database').caseOf('database.mjs'),
  title: 'pg in callback style: a pool of one connection, opened in the first request',
  package: 'pg',
  ci: true,
};
