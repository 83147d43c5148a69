import express from 'express';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';

const host = '127.0.0.1';
const ports = JSON.parse(process.env.SERVER_PORTS);
const pool = new pg.Pool({ host, port: ports.postgresql, user: 'postgres', database: 'postgres' });
const maria = mysql.createPool({ host, port: ports.mariadb, user: 'root', database: 'mysql' });
const ioredis = new Redis({ host, port: ports.redis });
const redis = createClient({ socket: { host, port: ports.redis } });
const mongo = new MongoClient(`mongodb://${host}:${ports.mongodb}`);
await redis.connect();

const calls = {
  pg: async () => (await pool.query('select 1 as one')).rows,
  mysql2: async () => (await maria.query('select 1 as one'))[0],
  ioredis: () => ioredis.get('no such key'),
  redis: () => redis.get('no such key'),
  mongodb: () => mongo.db('none').collection('orders').findOne({ _id: 'a' }),
};
const app = express();
app.get('/:library/:n', async (request, response) => response.json(await calls[request.params.library]()));

const server = app.listen(Number(process.env.PORT), host, () => console.log('listening'));
process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all([pool.end(), maria.end(), ioredis.quit(), redis.close(), mongo.close()]);
  console.log('closed');
});
