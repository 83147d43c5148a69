'use strict';

const orders = require('../harness/orders');

module.exports = {
  ...orders,
  title: 'NestJS 11 on Express: enableShutdownHooks() raises the signal again',
  package: '@nestjs/core',
  ci: true,
  expects: (bare) => [
    ...orders.expects(bare),
    ...(bare.signal === 'SIGTERM' ? [] : [`it ends with ${bare.signal}, and not by the signal`]),
  ],
};
