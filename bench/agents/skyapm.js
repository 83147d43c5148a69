'use strict';

const agent = require('skyapm-nodejs');

agent.start({});
// It patches what is required by this name only, and the applications say `node:http`.
require('http');

function span(name, work) {
  const manager = agent._contextManager;
  const opened = manager.createLocalSpan(name);
  const finish = () => manager.finishSpan(opened);
  let result;
  try {
    result = work();
  } catch (error) {
    finish();
    throw error;
  }
  if (typeof result?.finally === 'function') return result.finally(finish);
  finish();
  return result;
}

// It has no flush.
require('./in-process').use({ span, flush: () => undefined });
