'use strict';

const graphql = require('../graphql-http/case');
const { localsOfEntries } = require('../harness/locals');

module.exports = {
  ...graphql,
  title: "graphql-http with OpenTelemetry's instrumentation of GraphQL",
  shares: ['graphql-http'],
  traces: {
    ...graphql.traces,
    // The schema is parsed at the start.
    traces: graphql.requests.length + 1,
    check: localsOfEntries({
      '/graphql': ['graphql.parse', 'graphql.validate', 'query Order', 'graphql.resolve order'],
    }),
  },
};
