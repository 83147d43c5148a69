'use strict';

const { traces, ...socket } = require('../socket.io/case');

/** An event that comes by WebSocket is work of its own; by polling, it is part of what its request began. */
function eventOddities({ segments }) {
  const events = segments.flatMap(({ spans }) =>
    spans.filter(({ operationName }) => operationName === 'socket.io/echo'),
  );
  const found = events.map(({ type, layer, peer }) => `${type} ${layer} ${peer}`.trim()).sort();
  return found.join() === 'Entry Unknown,Local Unknown' ? [] : [`its events are ${found.join()}`];
}

module.exports = {
  ...socket,
  title: "socket.io with OpenTelemetry's instrumentation of it: its events are endpoints",
  shares: ['socket.io'],
  traces: {
    ...traces,
    endpoints: [...traces.endpoints, 'socket.io/connection', 'socket.io/echo'],
    check: eventOddities,
  },
};
