'use strict';

module.exports = {
  ...require('../mongodb/case'),
  title: "mongodb as an ECMAScript module, by OpenTelemetry's instrumentation of it, the agent by --import",
  load: 'import',
  program: ['app.mjs'],
  shares: ['shared', 'mongodb'],
};
