'use strict';

/* The service `orders`: keeps orders in PostgreSQL, the last of them in Redis, and tells Kafka of each. */

const express = require('express');
const { Kafka } = require('kafkajs');
const { Pool } = require('pg');
const { createClient } = require('redis');
const { cache, database, queue } = require('./addresses');

const pool = new Pool(database);
const redis = createClient(cache);
const kafka = new Kafka({ clientId: 'orders', ...queue });
const producer = kafka.producer();
const app = express();

app.use(express.json());

app.post('/orders', async (request, response) => {
  const { rows } = await pool.query('insert into orders (item) values ($1) returning id, item', [request.body.item]);
  const [order] = rows;
  await redis.set(`order:${order.id}`, JSON.stringify(order), { EX: 60 });
  await producer.send({ topic: 'orders', messages: [{ key: String(order.id), value: JSON.stringify(order) }] });
  response.status(201).json(order);
});

app.get('/orders/:id', async (request, response) => {
  const { id } = request.params;
  const known = await redis.get(`order:${id}`);
  if (known !== null) return response.json(JSON.parse(known));
  const { rows } = await pool.query('select id, item from orders where id = $1', [id]);
  return rows.length === 0 ? response.status(404).end() : response.json(rows[0]);
});

async function main() {
  await pool.query('create table if not exists orders (id serial primary key, item text)');
  await redis.connect();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'orders' }], waitForLeaders: true });
  await admin.disconnect();
  await producer.connect();
  const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
    console.log(`listening on ${server.address().port}`),
  );
  process.once('SIGTERM', async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all([producer.disconnect(), redis.close(), pool.end()]);
  });
}

main();
