'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: 'webpack with the plugin: Koa stays beside the bundle, and its routes are known',
  package: 'webpack',
  ci: true,
  shares: ['esbuild-koa'],
  program: ['out/app.js'],
  prepare: (stage) => stage.run(['node_modules/webpack-cli/bin/cli.js']).then(() => undefined),
};
