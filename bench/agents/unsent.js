'use strict';

/* The agent's spans of every request, which are never sent. */

const { systemClock: clock } = require('../../dist/base/clock.js');
const { enable } = require('../../dist/instrument/index.js');
const { IdGenerator } = require('../../dist/tracing/id-generator.js');
const { Tracer } = require('../../dist/tracing/tracer.js');

const KEPT = 1_024;

// Until there are as many as the agent sends at once.
let waiting = [];
function sink(segment) {
  waiting.push(segment);
  if (waiting.length === KEPT) waiting = [];
}

const options = { ignoreSuffix: ['.js', '.css', '.html', '.svg'], ignorePath: [], collectQuery: false, log: console };
enable(new Tracer({ clock, ids: new IdGenerator(clock), sink }), options);
