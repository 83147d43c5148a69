'use strict';

/* The service `mail`: writes for each order that Kafka tells of, once. */

const { Kafka } = require('kafkajs');
const { createClient } = require('redis');
const { cache, queue } = require('./addresses');

const redis = createClient(cache);
const consumer = new Kafka({ clientId: 'mail', ...queue }).consumer({ groupId: 'mail', maxWaitTimeInMs: 200 });

async function main() {
  await redis.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const isFirst = await redis.set(`mail:${message.key}`, 'sent', { NX: true, EX: 60 });
      if (isFirst !== null) console.log(`mail for ${message.value}`);
    },
  });
  console.log('consuming');
  process.once('SIGTERM', () => Promise.all([consumer.disconnect(), redis.close()]));
}

main();
