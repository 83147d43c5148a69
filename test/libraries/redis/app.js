'use strict';

const { createClient } = require('redis');
const { serve } = require('./serve');

const client = createClient({ socket: { host: '127.0.0.1', port: Number(process.env.SERVER_PORT) } });
client.on('error', () => undefined);
const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error.message));

client.connect();
serve(
  {
    offline: () => client.set('key', 'value'),
    promise: () => client.get('key'),
    failed: () => client.lPush('key', '1'),
    unhandled: async () => {
      void client.lPush('key', '1');
      await client.get('key');
      await new Promise((resolve) => setImmediate(resolve));
      return unhandled;
    },
    pipeline: () => client.multi().set('a', 1).get('a').execAsPipeline(),
    multi: () => client.multi().set('a', 1).get('a').exec(),
    'pipeline-failed': () =>
      client
        .multi()
        .lPush('key', '1')
        .get('key')
        .execAsPipeline()
        .catch(({ name, replies, errorIndexes }) => [name, replies.length, errorIndexes]),
    'multi-failed': () =>
      client
        .multi()
        .lPush('key', '1')
        .get('key')
        .exec()
        .catch(({ name, replies, errorIndexes }) => [name, replies.length, errorIndexes]),
    watched: async () => {
      const other = await client.duplicate().connect();
      await client.watch('a');
      await other.set('a', '2');
      await other.close();
      return client.multi().get('a').exec();
    },
    'at-once': () => Promise.all([client.set('a', '3'), client.get('a'), client.lPush('a', '1').catch(() => 'failed')]),
    script: () => client.eval('return KEYS[1]', { keys: ['key'] }),
    'own-command': () => client.sendCommand(['ECHO', 'hello']),
    scan: async () => {
      const keys = [];
      for await (const some of client.scanIterator({ MATCH: 'key', COUNT: 1000 })) keys.push(...some);
      return keys.sort();
    },
    'scan-broken': async () => {
      for await (const some of client.scanIterator({ MATCH: 'key', COUNT: 1000 })) return some;
      return 'none';
    },
    'eight-promises': (_inner, _done, n) => client.set(`key ${n}`, n),
  },
  (done) => client.close().then(done),
);
