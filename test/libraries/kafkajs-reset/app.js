'use strict';

const { Kafka, logLevel } = require('kafkajs');
const { serve } = require('./serve');

const kafka = new Kafka({
  brokers: [`127.0.0.1:${process.env.SERVER_PORT}`],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, retries: 20 },
});
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: 'held', maxWaitTimeInMs: 200 });
let isTaken;
const taken = new Promise((resolve) => (isTaken = resolve));
let release;
const released = new Promise((resolve) => (release = resolve));
let isDone;
const done = new Promise((resolve) => (isDone = resolve));

async function connect() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: ['held', 'answers'].map((topic) => ({ topic, numPartitions: 1 })),
    waitForLeaders: true,
  });
  await admin.disconnect();
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: 'held', fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      isTaken(String(message.value));
      await released;
      // Within the span that has waited.
      await producer.send({ topic: 'answers', messages: [{ value: 'done' }] });
      isDone('done');
    },
  });
  return 'connected';
}

serve(
  {
    connect,
    // Its producer's span has ended, and its request waits, as the consumer's span does.
    held: async () => {
      await producer.send({ topic: 'held', messages: [{ value: 'one' }] });
      await released;
      return 'held';
    },
    taken: () => taken,
    reset: async () => {
      if (process.env.WITH_AGENT === 'yes') await require('skyanchor').start().reset();
      return 'reset';
    },
    released: async () => {
      release();
      return done;
    },
  },
  (done) => Promise.all([producer.disconnect(), consumer.disconnect()]).then(() => done()),
);
