'use strict';

const apollo = require('../apollo-5/case');
const { localsOfEntries } = require('../harness/locals');

module.exports = {
  ...apollo,
  title: "Apollo Server 5 with OpenTelemetry's instrumentation of GraphQL",
  shares: ['apollo-5'],
  traces: {
    ...apollo.traces,
    // The schema is parsed at the start.
    traces: apollo.requests.length + 1,
    check: localsOfEntries({
      '/': ['graphql.parse', 'graphql.validate', 'query', 'graphql.resolve order', 'graphql.resolve order.id'],
    }),
  },
};
