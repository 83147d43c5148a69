'use strict';

const host = '127.0.0.1';
const port = Number(process.env.SERVER_PORT);

/** By library: connects. @returns what makes one call and waits for its answer */
module.exports = {
  async pg() {
    const { Client } = require('pg');
    const client = new Client({ host, port, user: 'postgres', database: 'postgres' });
    await client.connect();
    return () => client.query('select $1::int as n', [7]);
  },

  async mysql2() {
    const connection = await require('mysql2/promise').createConnection({
      host,
      port,
      user: 'root',
      database: 'mysql',
    });
    return () => connection.query('select ? as n', [7]);
  },

  async ioredis() {
    const { Redis } = require('ioredis');
    const redis = new Redis({ host, port });
    return () => redis.get('key');
  },

  async redis() {
    const client = require('redis').createClient({ socket: { host, port } });
    await client.connect();
    return () => client.get('key');
  },

  async mongodb() {
    const { MongoClient } = require('mongodb');
    const client = new MongoClient(`mongodb://${host}:${port}`, { maxPoolSize: 1 });
    await client.connect();
    const orders = client.db('shop').collection('orders');
    await orders.updateOne({ _id: 'a' }, { $set: { n: 7 } }, { upsert: true });
    return () => orders.findOne({ _id: 'a' });
  },

  async kafkajs() {
    const { Kafka, logLevel } = require('kafkajs');
    const kafka = new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    return () => producer.send({ topic: 'orders', messages: [{ value: 'order 7' }] });
  },

  /** Nothing is bound to the key, so that no queue grows. */
  async amqplib() {
    const connection = await require('amqplib').connect(`amqp://${host}:${port}`);
    const channel = await connection.createConfirmChannel();
    const message = Buffer.from('order 7');
    return () =>
      new Promise((resolve, reject) =>
        channel.publish('amq.direct', 'orders', message, {}, (error) => (error ? reject(error) : resolve())),
      );
  },

  async grpc() {
    const grpc = require('@grpc/grpc-js');
    const { stock } = require('./stock');
    const Stock = grpc.makeGenericClientConstructor(stock, 'Stock');
    const client = new Stock(`${host}:${port}`, grpc.credentials.createInsecure());
    return () =>
      new Promise((resolve, reject) =>
        client.get('order 7', (error, value) => (error ? reject(error) : resolve(value))),
      );
  },
};
