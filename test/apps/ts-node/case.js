'use strict';

module.exports = {
  ...require('../tsx/case'),
  title: 'ts-node: node --require ts-node/register',
  package: 'ts-node',
  shares: ['tsx'],
  program: ['--require', 'ts-node/register', 'app.ts'],
};
