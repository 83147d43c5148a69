'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: '@vercel/ncc: the agent bundled, the folder alone',
  package: '@vercel/ncc',
  ci: true,
  shares: ['esbuild'],
  program: ['out/index.js'],
  async prepare(stage) {
    await stage.run(['node_modules/@vercel/ncc/dist/ncc/cli.js', 'build', 'app.js', '-o', 'out']);
    return { cwd: stage.aloneIn('out') };
  },
};
