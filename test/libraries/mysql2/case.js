'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const SELECT = ['Mysql/SELECT'];
const FAILED = ['Mysql/SELECT failed'];

module.exports = {
  ...libraryCase({
    server: 'mariadb',
    forms: {
      promise: { spans: SELECT },
      'promise-execute': { spans: SELECT },
      callback: { spans: SELECT },
      'callback-values': { spans: SELECT },
      'callback-execute': { spans: SELECT },
      failed: { spans: FAILED },
      'failed-callback': { spans: FAILED },
      transaction: { spans: ['START', 'CREATE', 'INSERT', 'ROLLBACK'].map((name) => `Mysql/${name}`) },
      connection: { spans: SELECT },
      // The listeners of a query without a callback run in the scope of its connection: mysql2 publishes no more of it.
      events: { spans: SELECT, inner: false },
      stream: { spans: SELECT, inner: false },
    },
    eight: {
      'eight-promises': { spans: SELECT },
      'eight-callbacks': { spans: SELECT },
      'eight-connections': { spans: SELECT },
    },
    isOwn: ({ operationName }) => operationName.startsWith('Mysql/'),
    oddities: (span, tags, port) => [
      ...placeOddities(span, tags, {
        port,
        layer: 'Database',
        component: 'Mysql',
        'db.type': 'Mysql',
        'db.instance': 'mysql',
      }),
      ...(/secret/.test(JSON.stringify(tags)) ? ['a value is in the tags'] : []),
      ...(tags['db.statement'] ? [] : ['a span has no statement']),
    ],
  }),
  title: 'mysql2',
  package: 'mysql2',
  shares: ['shared'],
  ci: true,
};
