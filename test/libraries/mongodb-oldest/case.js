'use strict';

module.exports = {
  ...require('../mongodb/case'),
  title: "mongodb, by OpenTelemetry's packages of 2024: the API 1.4, and names of attributes before the stable ones",
  shares: ['shared', 'mongodb'],
  ci: false,
};
