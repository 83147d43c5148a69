'use strict';

const { Kafka, logLevel } = require('kafkajs');
const { serve } = require('./serve');

const EIGHT = 8;
const kafka = new Kafka({
  brokers: [`127.0.0.1:${process.env.SERVER_PORT}`],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, retries: 20 },
});
const producer = kafka.producer();
const consumers = [];
/** By the text of a message: what to do in the handler that it is given to. */
const waiting = new Map();

/** Resolves when a consumer has handled the message, with what it has asked for in its handler. */
function handled(text, inner) {
  return new Promise((resolve) => waiting.set(text, (more) => inner(() => resolve({ text, ...more }))));
}

async function consume(topic, handlers) {
  const consumer = kafka.consumer({ groupId: `of-${topic}`, maxWaitTimeInMs: 200 });
  consumers.push(consumer);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run(handlers);
}

/** Each ends before the next begins: they are of one id. */
async function inTransaction(use) {
  const transactional = kafka.producer({ transactionalId: 'orders', maxInFlightRequests: 1, idempotent: true });
  await transactional.connect();
  try {
    return await use(await transactional.transaction());
  } finally {
    await transactional.disconnect();
  }
}

const take = ({ value }, more) => waiting.get(String(value))?.(more);
let sent = 0;

serve(
  {
    connect: async () => {
      const admin = kafka.admin();
      await admin.connect();
      const topics = ['orders', 'batches', 'transactions'].map((topic) => ({ topic, numPartitions: 1 }));
      await admin.createTopics({ topics, waitForLeaders: true });
      await admin.disconnect();
      await producer.connect();
      await consume('orders', { eachMessage: async ({ message }) => take(message) });
      return 'connected';
    },
    send: async (inner) => {
      const done = handled('one', inner);
      await producer.send({ topic: 'orders', messages: [{ key: 'key', value: 'one', headers: { own: 'header' } }] });
      return done;
    },
    'send-batch': async (inner) => {
      const done = handled('two', inner);
      await producer.sendBatch({ topicMessages: [{ topic: 'orders', messages: [{ value: 'two' }] }] });
      return done;
    },
    failed: () => producer.send({ topic: 'no topic of a name like this', messages: [{ value: 'three' }] }),
    transaction: () =>
      inTransaction(async (transaction) => {
        await transaction.send({ topic: 'transactions', messages: [{ value: 'four' }] });
        await transaction.commit();
        return ['committed', transaction.isActive()];
      }),
    'transaction-aborted': () =>
      inTransaction(async (transaction) => {
        await transaction.send({ topic: 'transactions', messages: [{ value: 'five' }] });
        await transaction.abort();
        return ['aborted', transaction.isActive(), Object.keys(transaction).sort()];
      }),
    // A consumer's progress is part of it.
    'transaction-offsets': () =>
      inTransaction(async (transaction) => {
        await transaction.sendBatch({ topicMessages: [{ topic: 'transactions', messages: [{ value: 'six' }] }] });
        const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset: '0' }] }];
        await transaction.sendOffsets({ consumerGroupId: 'of-no-consumer', topics });
        await transaction.commit();
        return 'committed';
      }),
    'transaction-over': () =>
      inTransaction(async (transaction) => {
        await transaction.abort();
        return transaction
          .send({ topic: 'transactions', messages: [{ value: 'seven' }] })
          .catch(({ name, message }) => [name, message]);
      }),
    // The consumer starts when all eight are sent, so that they are one batch.
    'eight-batch': async (inner, _done, n) => {
      const done = handled(`batch ${n}`, inner);
      await producer.send({ topic: 'batches', messages: [{ value: `batch ${n}` }] });
      if (++sent === EIGHT)
        await consume('batches', {
          eachBatch: async ({ batch }) => {
            for (const message of batch.messages) take(message, { size: batch.messages.length });
          },
        });
      return done;
    },
  },
  async (done) => {
    for (const client of [producer, ...consumers]) await client.disconnect();
    done();
  },
);
