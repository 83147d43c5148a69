'use strict';

const { DATABASE = '127.0.0.1:5432', CACHE = '127.0.0.1:6379', QUEUE = '127.0.0.1:9092' } = process.env;
const [host, port] = DATABASE.split(':');

module.exports = {
  database: { host, port: Number(port), user: process.env.PGUSER ?? 'postgres', database: 'postgres' },
  cache: { url: `redis://${CACHE}` },
  queue: { brokers: [QUEUE], logLevel: 1 },
};
