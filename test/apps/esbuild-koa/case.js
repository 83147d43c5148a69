'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: 'esbuild with the plugin: Koa stays beside the bundle, and its routes are known',
  package: 'esbuild',
  ci: true,
  program: ['out/app.js'],
  prepare: (stage) => stage.run(['build.js']).then(() => undefined),
};
