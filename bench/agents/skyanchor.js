'use strict';

// Another build of it where two are compared.
const { start } = require(process.env.BENCH_DIST ?? '../../dist/index.js');

const agent = start();

require('./in-process').use({ span: (name, work) => agent.trace(name, work), flush: () => agent.flush() });
