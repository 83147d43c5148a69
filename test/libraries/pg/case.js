'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const SELECT = ['PostgreSQL/SELECT'];
const FAILED = ['PostgreSQL/SELECT failed'];
const CONNECT = 'PostgreSQL/connect';

const FORMS = {
  promise: { spans: [CONNECT, ...SELECT] },
  callback: { spans: SELECT },
  'values-callback': { spans: SELECT },
  config: { spans: SELECT },
  'config-callback': { spans: SELECT },
  prepared: { spans: [CONNECT, ...SELECT, ...SELECT] },
  array: { spans: SELECT },
  many: { spans: SELECT },
  transaction: { spans: ['BEGIN', 'CREATE', 'INSERT', 'ROLLBACK'].map((name) => `PostgreSQL/${name}`) },
  // A pool gives up the connection on which a query has failed.
  'failed-promise': { spans: FAILED },
  'failed-callback': { spans: [CONNECT, ...FAILED] },
  'failed-values': { spans: [CONNECT, ...FAILED] },
  'no-query': { spans: [] },
  again: { spans: [...SELECT, ...SELECT, ...SELECT] },
  events: { spans: SELECT },
  'events-noted': { spans: SELECT },
  'events-failed': { spans: FAILED },
  cursor: { spans: SELECT },
  'cursor-closed': { spans: SELECT },
  'cursor-promise': { spans: SELECT },
  'cursor-failed': { spans: FAILED },
  stream: { spans: SELECT },
  'stream-broken': { spans: SELECT },
  'stream-iterated': { spans: SELECT },
  'stream-left': { spans: SELECT },
  'cursor-left': { spans: [...SELECT, ...SELECT] },
  copy: { spans: ['PostgreSQL/COPY'] },
  'timed-out': { spans: [...FAILED, ...SELECT] },
  'pool-callback': { spans: SELECT },
  'own-client': { spans: SELECT },
  notified: { spans: [CONNECT, 'PostgreSQL/LISTEN', ...SELECT], inner: false },
  closed: { spans: [] },
};

/** @param without forms that these versions cannot do, bare */
function pgCase(without = []) {
  return libraryCase({
    server: 'postgresql',
    forms: Object.fromEntries(Object.entries(FORMS).filter(([name]) => !without.includes(name))),
    // A request that waits for the connection has a span for that, and one that finds it free has none.
    eight: {
      'eight-promises': { spans: SELECT, may: CONNECT },
      'eight-callbacks': { spans: SELECT, may: CONNECT },
      'eight-clients': { spans: SELECT, may: CONNECT },
    },
    isOwn: ({ operationName }) => operationName.startsWith('PostgreSQL/'),
    oddities: (span, tags, port) => [
      ...placeOddities(span, tags, {
        port,
        layer: 'Database',
        component: 'PostgreSQL',
        'db.type': 'PostgreSQL',
        'db.instance': 'postgres',
      }),
      ...(tags['db.statement'] ? [] : ['a span has no statement']),
      ...('db.sql.parameters' in tags ? ['a span has parameters'] : []),
    ],
  });
}

module.exports = {
  ...pgCase(),
  pgCase,
  title: 'pg, pg-pool, pg-cursor, pg-query-stream and pg-copy-streams',
  package: 'pg',
  shares: ['shared'],
  ci: true,
};
