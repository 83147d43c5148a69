'use strict';

const { default: agent, ContextManager } = require('skywalking-backend-js');

agent.start();

function span(name, work) {
  const opened = ContextManager.current.newLocalSpan(name);
  opened.start();
  const stop = () => opened.stop();
  let result;
  try {
    result = work();
  } catch (error) {
    stop();
    throw error;
  }
  if (typeof result?.finally === 'function') return result.finally(stop);
  stop();
  return result;
}

require('./in-process').use({ span, flush: () => agent.flush() });
