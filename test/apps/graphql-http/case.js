'use strict';

const headers = { 'content-type': 'application/json' };
const body = (id) => JSON.stringify({ query: `query Order { order(id: "${id}") { id } }` });

module.exports = {
  title: 'graphql-http',
  package: 'graphql-http',
  requests: [1, 2].map((id) => ({ path: '/graphql', method: 'POST', headers, body: body(id) })),
  end: 'SIGTERM',
  expects: ({ answers }) =>
    answers
      .filter(({ body: text }, n) => text !== `{"data":{"order":{"id":"${n + 1}"}}}`)
      .map(({ body: text }) => text),
  traces: { endpoints: ['POST:/graphql'] },
};
