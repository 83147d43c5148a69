'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const named = (...names) => ({ spans: names.map((name) => `Redis/${name}`) });

module.exports = {
  ...libraryCase({
    server: 'redis',
    forms: {
      offline: named('set'),
      promise: named('get'),
      callback: named('get'),
      buffer: named('get'),
      failed: named('lpush failed'),
      'failed-callback': named('lpush failed'),
      unhandled: named('lpush failed', 'get'),
      pipeline: named('set', 'get'),
      'pipeline-failed': named('lpush failed', 'get'),
      'pipeline-empty': named(),
      'pipeline-callback': named('set', 'get'),
      'pipeline-callbacks': named('set', 'lpush failed', 'get'),
      'pipelined-by-itself': named('set', 'get', 'get'),
      multi: named('multi', 'set', 'get', 'exec'),
      'multi-aborted': named('multi', 'set failed', 'get', 'exec failed'),
      'multi-discarded': named('multi', 'set', 'discard', 'get'),
      watched: named('watch', 'set', 'multi', 'get', 'exec'),
      script: named('eval'),
      'own-command': named('echo'),
      scan: named('scan'),
      'scan-broken': named('scan'),
      blocked: named('blpop', 'rpush'),
      refused: named('get failed'),
    },
    eight: { 'eight-promises': named('set'), 'eight-callbacks': named('get') },
    isOwn: ({ operationName }) => operationName.startsWith('Redis/'),
    oddities(span, tags, port) {
      const { operationName, peer } = span;
      const name = operationName.slice('Redis/'.length);
      const isKeyed = ['get', 'set', 'lpush', 'rpush', 'blpop'].includes(name);
      return [
        ...(peer === '127.0.0.1:1'
          ? []
          : placeOddities(span, tags, {
              port,
              layer: 'Cache',
              component: 'Redis',
              'cache.type': 'Redis',
              'cache.cmd': name,
            })),
        ...(isKeyed && !(tags['cache.key'] && tags['cache.op']) ? [`${name} has no key`] : []),
      ];
    },
  }),
  title: 'ioredis',
  package: 'ioredis',
  shares: ['shared'],
  ci: true,
};
