'use strict';

const mysql = require('mysql2');
const { serve } = require('./serve');

const config = { host: '127.0.0.1', port: Number(process.env.SERVER_PORT), user: 'root', database: 'mysql' };
const pool = mysql.createPool({ ...config, connectionLimit: 1 });
const promises = pool.promise();
const THREE = 'select 1 as n union select 2 union select 3';

const rowsOf = ([rows]) => rows;
const answering = (inner, done) => (error, rows) => inner(() => done(error, rows));

serve(
  {
    promise: () => promises.query('select ? as one', [1]).then(rowsOf),
    'promise-execute': () => promises.execute('select ? as one', ['1']).then(rowsOf),
    callback: (inner, done) => void pool.query('select 2 as two', answering(inner, done)),
    'callback-values': (inner, done) => void pool.query('select ? as three', ['secret'], answering(inner, done)),
    'callback-execute': (inner, done) => void pool.execute('select ? as four', ['secret'], answering(inner, done)),
    failed: () => promises.query('select nothing'),
    'failed-callback': (inner, done) => void pool.query('select nothing', (error) => inner(() => done(error))),
    transaction: async () => {
      const connection = await promises.getConnection();
      await connection.beginTransaction();
      await connection.query('create temporary table orders (id int)');
      await connection.query('insert into orders values (?)', [[1]]);
      await connection.rollback();
      connection.release();
      return 'rolled back';
    },
    connection: (inner, done) =>
      void pool.getConnection((_error, connection) => {
        connection.query('select 1 as one', (error, rows) => {
          connection.release();
          inner(() => done(error, rows));
        });
      }),
    events: (inner, done) => {
      const rows = [];
      const query = pool.query(THREE);
      query.on('result', (row) => rows.push(row));
      query.on('end', () => inner(() => done(undefined, rows)));
    },
    stream: (inner, done) => {
      const rows = [];
      const stream = pool.query(THREE).stream();
      stream.on('data', (row) => rows.push(row));
      stream.on('end', () => inner(() => done(undefined, rows)));
    },
    'eight-promises': (_inner, _done, n) => promises.query('select ? as n', [n]).then(rowsOf),
    'eight-callbacks': (inner, done, n) => void pool.query('select ? as n', [n], answering(inner, done)),
    'eight-connections': (inner, done, n) =>
      void pool.getConnection((_error, connection) => {
        connection.query('select ? as n', [n], (error, rows) => {
          connection.release();
          inner(() => done(error, rows));
        });
      }),
  },
  (done) => pool.end(done),
);
