'use strict';

const { localsOfEntries } = require('../harness/locals');

/** The call of a resolver is within the operation. */
function nesting({ segments }) {
  const within = segments
    .map(({ spans }) => [spans.find(({ type }) => type === 'Exit'), spans.find(({ type }) => type === 'Local')])
    .filter(([exit]) => exit !== undefined);
  return within.every(([exit, operation]) => exit.parentSpanId === operation?.spanId)
    ? []
    : ['a call of a resolver is not below its operation'];
}

module.exports = {
  title: 'GraphQL 17, which publishes its operations',
  package: 'graphql',
  minNode: '22',
  requests: [1, 2, 3].map((id) => ({
    path: '/graphql',
    method: 'POST',
    body: `query Order { order(id: "${id}") { id } }`,
  })),
  end: 'SIGTERM',
  expects: ({ answers }) => (/"id":"1"/.test(answers[0].body) ? [] : [answers[0].body]),
  traces: {
    endpoints: ['POST:/graphql', 'GET:/inner'],
    entries: 5,
    refs: 2,
    exits: [/^127\.0\.0\.1:\d+$/],
    check: (seen) => [
      ...nesting(seen),
      ...localsOfEntries({ '/graphql': ['GraphQL/query'] })({
        segments: seen.segments.filter(({ spans }) => spans.every(({ isError }) => !isError)),
      }),
    ],
  },
};
