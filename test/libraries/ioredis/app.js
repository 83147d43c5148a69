'use strict';

const ioredis = require('ioredis');
const { serve } = require('./serve');

const Redis = ioredis.Redis ?? ioredis;
const server = { host: '127.0.0.1', port: Number(process.env.SERVER_PORT) };
const redis = new Redis({ ...server, lazyConnect: true });
const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error.message));

serve(
  {
    // The first: it waits until the connection is there.
    offline: () => redis.set('key', 'value'),
    promise: () => redis.get('key'),
    callback: (inner, done) => void redis.get('key', (error, value) => inner(() => done(error, value))),
    buffer: () => redis.getBuffer(Buffer.from('key')).then(String),
    failed: () => redis.lpush('key', 1),
    'failed-callback': (inner, done) => void redis.lpush('key', 1, (error) => inner(() => done(error))),
    // A rejection that nothing handles stays one, whatever watches the command.
    unhandled: async () => {
      void redis.lpush('key', 1);
      await redis.get('key');
      await new Promise((resolve) => setImmediate(resolve));
      return unhandled;
    },
    pipeline: () => redis.pipeline().set('a', 1).get('a').exec(),
    'pipeline-failed': () =>
      redis
        .pipeline()
        .lpush('key', 1)
        .get('a')
        .exec()
        .then(([[error], rest]) => [error.message, rest]),
    multi: () => redis.multi().set('a', 1).get('a').exec(),
    script: () => redis.eval('return KEYS[1]', 1, 'key'),
    'own-command': () => redis.call('ECHO', 'hello'),
    scan: async () => {
      const keys = [];
      for await (const some of redis.scanStream({ match: 'key', count: 1000 })) keys.push(...some);
      return keys;
    },
    blocked: async () => {
      const blocking = redis.duplicate();
      const popped = blocking.blpop('list', 5);
      await redis.rpush('list', 1);
      const value = await popped;
      blocking.disconnect();
      return value;
    },
    refused: async () => {
      const refused = new Redis({
        ...server,
        port: 1,
        lazyConnect: true,
        maxRetriesPerRequest: 0,
        retryStrategy: null,
      });
      refused.on('error', () => undefined);
      return refused.get('key').catch(({ message }) => message);
    },
    'eight-promises': (_inner, _done, n) => redis.set(`key ${n}`, n),
    'eight-callbacks': (inner, done, n) =>
      void redis.get(`key ${n}`, (error, value) => inner(() => done(error, value))),
  },
  (done) => redis.quit(done),
);
