'use strict';

module.exports = {
  ...require('../kafkajs/case'),
  title: "kafkajs, by the generation of OpenTelemetry's packages that needs Node 22.15",
  minNode: '22.15',
  shares: ['shared', 'kafkajs'],
  ci: false,
};
