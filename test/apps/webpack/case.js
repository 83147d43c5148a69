'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: 'webpack: the agent bundled, the file alone in a folder',
  package: 'webpack',
  ci: true,
  shares: ['esbuild'],
  async prepare(stage) {
    const args = [
      '--target',
      'node',
      '--mode',
      'production',
      '--entry',
      './app.js',
      '-o',
      'out',
      '--output-filename',
      'app.js',
    ];
    await stage.run(['node_modules/webpack-cli/bin/cli.js', ...args]);
    return { cwd: stage.aloneIn('out/app.js') };
  },
};
