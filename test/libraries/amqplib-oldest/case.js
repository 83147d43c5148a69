'use strict';

module.exports = {
  ...require('../amqplib/case'),
  title: "amqplib, by OpenTelemetry's packages of 2024, and the API 1.4",
  shares: ['shared', 'amqplib'],
  ci: false,
};
