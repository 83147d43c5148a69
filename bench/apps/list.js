'use strict';

/** What is run under each agent. */
const SCENARIOS = [
  { name: 'hello', title: 'Hello world, node:http', target: { method: 'GET', path: '/hello' } },
  {
    name: 'express',
    title: 'express 5 with one outgoing call',
    target: { method: 'GET', path: '/orders/4711' },
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
  },
  { name: 'fastify', title: 'fastify 5', target: { method: 'GET', path: '/orders/4711' } },
  {
    name: 'body',
    title: 'A body of 1 KB, node:http',
    target: { method: 'POST', path: '/notes', body: JSON.stringify({ note: 'x'.repeat(1_000) }) },
  },
];

module.exports = { SCENARIOS };
