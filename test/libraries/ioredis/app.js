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
    'pipeline-empty': () => redis.pipeline().exec(),
    'pipeline-callback': (inner, done) =>
      void redis
        .pipeline()
        .set('a', 1)
        .get('a')
        .exec((error, results) => inner(() => done(error, results))),
    // In which order they are called, and what each of them gets.
    'pipeline-callbacks': () => {
      const called = [];
      const note = (name) => (error, value) => called.push([name, error?.message, value]);
      return redis
        .pipeline()
        .set('a', 1, note('set'))
        .lpush('a', 1, note('lpush'))
        .get('a', note('get'))
        .exec()
        .then((results) => [called, results.length]);
    },
    'pipelined-by-itself': async () => {
      const own = new Redis({ ...server, enableAutoPipelining: true });
      const values = await Promise.all([own.set('a', 2), own.get('a'), own.get('b')]);
      own.disconnect();
      return values;
    },
    multi: () => redis.multi().set('a', 1).get('a').exec(),
    'multi-aborted': () => redis.multi().set('a').get('a').exec(),
    'multi-discarded': async () => {
      await redis.multi({ pipeline: false });
      const queued = await redis.set('a', 3);
      return [queued, await redis.discard(), await redis.get('a')];
    },
    watched: async () => {
      const other = redis.duplicate();
      await redis.watch('a');
      await other.set('a', 4);
      other.disconnect();
      return redis.multi().get('a').exec();
    },
    script: () => redis.eval('return KEYS[1]', 1, 'key'),
    'own-command': () => redis.call('ECHO', 'hello'),
    scan: async () => {
      const keys = [];
      for await (const some of redis.scanStream({ match: 'key', count: 1000 })) keys.push(...some);
      return keys;
    },
    'scan-broken': async () => {
      for await (const some of redis.scanStream({ match: 'key', count: 1000 })) return some;
      return 'none';
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
