'use strict';

module.exports = {
  ...require('../pg/case'),
  title: 'pg as an ECMAScript module, the agent by --import',
  load: 'import',
  program: ['app.mjs'],
  shares: ['shared', 'pg'],
};
