'use strict';

const path = require('node:path');
const { makeProject, whatIsAsked } = require('../harness/own-install');

module.exports = {
  ...whatIsAsked,
  title: 'pnpm 10: Express 5 in a node_modules of links',
  package: 'pnpm',
  async prepare(stage) {
    const cwd = makeProject(stage, 'installed');
    const args = ['install', '--ignore-scripts', '--ignore-workspace', '--store-dir', path.join(stage.folder, 'store')];
    await stage.run([path.join(stage.folder, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs'), ...args], { cwd });
    return { cwd };
  },
};
