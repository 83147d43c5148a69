'use strict';

module.exports = {
  ...require('../nest-express/case'),
  title: 'NestJS 12 on Express: enableShutdownHooks() raises the signal again',
  ci: false,
  shares: ['nest-express'],
};
