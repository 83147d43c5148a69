'use strict';

/*
 * An application that can be told one thing, and tells its parent when it was told. Moments are milliseconds of the
 * machine's monotonic clock, the same for all processes.
 */

const { start } = require('../../dist/index.js');
const { moment } = require('./moment');

const agent = start();
agent.onCommand('mark', ({ args }) => process.send({ type: 'marked', mark: args[0], at: moment() }));

const answers = {
  registration: () => agent.status().registration,
  cpu: () => process.cpuUsage(),
};

process.on('message', ({ question }) => process.send({ type: 'answer', answer: answers[question]() }));

// The channel to the parent is all that keeps it up.
process.once('disconnect', () => void agent.stop());

void agent.ready().then(({ instance }) => process.send({ type: 'ready', instance }));
