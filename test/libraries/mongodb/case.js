'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const named = (...names) => ({ spans: names.map((name) => `MongoDB/${name}`) });

module.exports = {
  ...libraryCase({
    server: 'mongodb',
    forms: {
      connect: named('dropDatabase'),
      insert: named('insert'),
      find: named('find'),
      iterated: named('find', 'getMore'),
      broken: named('find', 'killCursors'),
      aggregate: named('aggregate'),
      update: named('update'),
      // The server's answer is a success with an error in it, which the instrumentation does not look for.
      failed: named('insert'),
      removed: named('delete'),
    },
    eight: { 'eight-promises': named('find') },
    isOwn: ({ operationName }) => operationName.startsWith('MongoDB/'),
    oddities: (span, tags, port) => [
      ...placeOddities(span, tags, {
        port,
        layer: 'Database',
        component: 'MongoDB',
        'db.type': 'MongoDB',
        'db.instance': 'shop',
      }),
      ...(/secret/.test(JSON.stringify(tags)) ? ['a value is in the tags'] : []),
      ...(tags['db.statement'] ? [] : ['a span has no statement']),
    ],
  }),
  title: "mongodb, by OpenTelemetry's instrumentation of it",
  package: 'mongodb',
  shares: ['shared'],
  ci: true,
};
