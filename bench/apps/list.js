'use strict';

/** What is run under each agent. `requests` are those of one burst. */
const SCENARIOS = [
  { name: 'hello', title: 'Hello world, node:http', target: { method: 'GET', path: '/hello' }, requests: 8_000 },
  {
    name: 'express',
    title: 'express 5 with one outgoing call',
    target: { method: 'GET', path: '/orders/4711' },
    requests: 3_000,
    needsStock: true,
  },
  {
    name: 'api',
    title: 'JSON API with five local spans',
    target: {
      method: 'POST',
      path: '/prices',
      body: JSON.stringify({
        id: 4711,
        items: [
          { name: 'apple', count: 3 },
          { name: 'plum', count: 12 },
        ],
      }),
    },
    requests: 5_000,
  },
];

module.exports = { SCENARIOS };
