'use strict';

module.exports = {
  ...require('../nest-opentelemetry/case'),
  title: "NestJS 11 on Fastify with OpenTelemetry's instrumentation of it",
  shares: ['nest-express', 'nest-fastify'],
  ci: false,
};
