'use strict';

const { default: agent, ContextManager } = require('skywalking-backend-js');
const { around } = require('./around');

agent.start();

function span(name, work) {
  const opened = ContextManager.current.newLocalSpan(name);
  opened.start();
  return around(work, () => opened.stop());
}

require('./in-process').use({ span, flush: () => agent.flush() });
