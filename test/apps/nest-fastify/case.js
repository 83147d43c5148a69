'use strict';

module.exports = {
  ...require('../nest-express/case'),
  title: 'NestJS 11 on Fastify: enableShutdownHooks() raises the signal again',
  shares: ['nest-express'],
};
