'use strict';

module.exports = {
  ...require('../harness/bundled'),
  title: 'esbuild: the agent bundled, the file alone in a folder',
  package: 'esbuild',
  ci: true,
  async prepare(stage) {
    const args = ['app.js', '--bundle', '--platform=node', '--log-level=warning', '--outfile=out/app.js'];
    const warnings = await stage.run(['node_modules/esbuild/bin/esbuild', ...args]);
    if (warnings !== '') throw new Error(`esbuild warns: ${warnings}`);
    return { cwd: stage.aloneIn('out/app.js') };
  },
};
