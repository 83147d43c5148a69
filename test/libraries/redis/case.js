'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const named = (...names) => ({ spans: names.map((name) => `Redis/${name}`) });

module.exports = {
  ...libraryCase({
    server: 'redis',
    forms: {
      offline: named('set'),
      promise: named('get'),
      failed: named('lpush failed'),
      unhandled: named('lpush failed', 'get'),
      pipeline: named('set', 'get'),
      multi: named('multi'),
      'pipeline-failed': named('lpush failed', 'get'),
      'multi-failed': named('multi'),
      watched: named('watch', 'set', 'multi failed'),
      'at-once': named('set', 'get', 'lpush failed'),
      script: named('eval'),
      'own-command': named('echo'),
      scan: named('scan'),
      'scan-broken': named('scan'),
    },
    eight: { 'eight-promises': named('set') },
    isOwn: ({ operationName }) => operationName.startsWith('Redis/'),
    oddities: (span, tags, port) =>
      placeOddities(span, tags, {
        port,
        layer: 'Cache',
        component: 'Redis',
        'cache.type': 'Redis',
        'cache.cmd': span.operationName.slice('Redis/'.length),
      }),
  }),
  title: 'node-redis',
  package: 'redis',
  shares: ['shared'],
  ci: true,
};
