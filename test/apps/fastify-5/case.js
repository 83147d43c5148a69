'use strict';

const { expects, requests, ...orders } = require('../harness/orders');

/** The last two are refused by the schema. */
const checked = [{ path: '/checked/1' }, { path: '/checked/a' }, { path: '/checked/b' }];

module.exports = {
  ...orders,
  title: 'Fastify 5',
  package: 'fastify',
  ci: true,
  requests: [...requests, ...checked],
  expects: ({ answers }) => expects({ answers: answers.slice(0, requests.length) }),
  traces: { endpoints: [...orders.traces.endpoints, 'GET:/checked/:order'] },
};
