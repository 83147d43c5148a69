'use strict';

module.exports = {
  title: 'nock 13',
  package: 'nock',
  ci: true,
  requests: [{ path: '/orders' }, { path: '/orders' }],
  end: 'SIGTERM',
  expects: ({ answers }) =>
    answers.filter(({ body }) => body !== '{"price":7}').map(({ body }) => `not mocked: ${body}`),
  // Its double of a request is none of Node's.
  traces: { endpoints: ['GET:/orders'] },
};
