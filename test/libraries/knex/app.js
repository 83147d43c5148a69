'use strict';

const { knex } = require('knex');
const { serve } = require('./serve');

const db = knex({
  client: 'pg',
  connection: { host: '127.0.0.1', port: Number(process.env.SERVER_PORT), user: 'postgres', database: 'postgres' },
  pool: { min: 0, max: 1 },
});

serve(
  {
    connect: async () => {
      await db.schema.dropTableIfExists('orders');
      await db.schema.createTable('orders', (table) => table.integer('id'));
      await db('orders').insert([{ id: 1 }, { id: 2 }, { id: 3 }]);
      return 'connected';
    },
    promise: () => db('orders').where({ id: 2 }),
    callback: (inner, done) =>
      void db('orders')
        .count()
        .asCallback((error, rows) => inner(() => done(error, rows))),
    lazy: async () => {
      // Without `then` it is never sent.
      db('orders').del();
      return db('orders').count().first();
    },
    transaction: () =>
      db
        .transaction(async (trx) => {
          await trx('orders').insert({ id: 4 });
          await trx.rollback('no');
        })
        .catch((error) => String(error)),
    failed: () => db('nothing').select(),
    stream: async () => {
      const rows = [];
      for await (const row of db('orders').orderBy('id').stream()) rows.push(row);
      return rows;
    },
    'stream-broken': async () => {
      for await (const row of db('orders').orderBy('id').stream({ highWaterMark: 1 })) return row;
      return undefined;
    },
    'eight-promises': (_inner, _done, n) => db.raw('select ?::int as n', [n]).then(({ rows }) => rows),
  },
  (done) => db.destroy().then(done),
);
