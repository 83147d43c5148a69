'use strict';

module.exports = {
  ...require('../mongodb/case'),
  title: "mongodb, by the generation of OpenTelemetry's packages that needs Node 22.15",
  minNode: '22.15',
  shares: ['shared', 'mongodb'],
  ci: false,
};
