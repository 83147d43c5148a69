'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

/** A backend of the installed package, for as long as `body` takes. */
async function withCollector(project, body) {
  const { startCollector } = createRequire(path.join(project, 'package.json'))('skyanchor/testing');
  const collector = await startCollector({ idDelayMs: 0 });
  try {
    return await body(collector);
  } finally {
    await collector.stop();
  }
}

module.exports = { withCollector };
