'use strict';

module.exports = {
  ...require('../loggers/case'),
  title: 'pino, winston and bunyan in an ECMAScript module, the agent by --import',
  load: 'import',
  program: ['app.mjs'],
  shares: ['loggers'],
};
