'use strict';

const agent = require('skyapm-nodejs');
const { around } = require('./around');

agent.start({});
// It patches what is required by this name only, and the applications say `node:http`.
require('http');

function span(name, work) {
  const manager = agent._contextManager;
  const opened = manager.createLocalSpan(name);
  return around(work, () => manager.finishSpan(opened));
}

// It has no flush.
require('./in-process').use({ span, flush: () => undefined });
