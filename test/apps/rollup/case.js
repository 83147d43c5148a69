'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: 'rollup: the agent bundled, the file alone in a folder',
  package: 'rollup',
  shares: ['esbuild'],
  async prepare(stage) {
    const plugins = ['node-resolve={preferBuiltins:true}', 'commonjs={ignoreDynamicRequires:true}', 'json'];
    const args = ['app.js', '--format', 'cjs', '--file', 'out/app.js', '--silent'];
    await stage.run(['node_modules/rollup/dist/bin/rollup', ...args, ...plugins.flatMap((plugin) => ['-p', plugin])]);
    return { cwd: stage.aloneIn('out/app.js') };
  },
};
