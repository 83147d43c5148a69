'use strict';

const { start } = require('../../dist/index.js');

const agent = start();

require('./in-process').use({ span: (name, work) => agent.trace(name, work), flush: () => agent.flush() });
