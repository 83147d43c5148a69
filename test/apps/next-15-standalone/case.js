'use strict';

const fs = require('node:fs');
const path = require('node:path');
const next = require('../harness/next');

module.exports = {
  ...next,
  title: 'Next.js 15: standalone output, serverExternalPackages, the folder alone',
  env: { ...next.env, HOSTNAME: '127.0.0.1' },
  shares: ['next-15'],
  program: ['server.js'],
  async prepare(stage) {
    await next.prepare(stage);
    const standalone = path.join('.next', 'standalone');
    // Under a folder of its own where Next takes one above for the root.
    const isHere = fs.existsSync(path.join(stage.cwd, standalone, 'server.js'));
    if (!isHere) throw new Error(`no server.js in ${standalone}`);
    const alone = stage.aloneIn(standalone);
    return { cwd: path.join(alone, 'standalone') };
  },
};
