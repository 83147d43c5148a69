'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const named = (...names) => ({ spans: names.map((name) => `PostgreSQL/${name}`) });

module.exports = {
  ...libraryCase({
    server: 'postgresql',
    forms: {
      // It asks the server for its version.
      connect: named('SELECT', 'DROP', 'CREATE', 'INSERT'),
      promise: named('SELECT'),
      callback: named('SELECT'),
      lazy: named('SELECT'),
      transaction: named('BEGIN', 'INSERT', 'ROLLBACK'),
      failed: { spans: ['PostgreSQL/SELECT failed'] },
      stream: named('SELECT'),
      'stream-broken': named('SELECT'),
    },
    eight: { 'eight-promises': named('SELECT') },
    isOwn: ({ operationName, type }) => type === 'Exit' && operationName.startsWith('PostgreSQL/'),
    oddities: (span, tags, port) =>
      placeOddities(span, tags, { port, layer: 'Database', component: 'PostgreSQL', 'db.type': 'PostgreSQL' }),
  }),
  title: "knex on pg, by OpenTelemetry's instrumentation of it: the query of pg is the call of the database",
  package: 'knex',
  shares: ['shared'],
  ci: false,
};
