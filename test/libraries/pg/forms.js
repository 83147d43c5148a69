'use strict';

const config = { host: '127.0.0.1', port: Number(process.env.SERVER_PORT), user: 'postgres', database: 'postgres' };
const THREE = 'select n from generate_series(1, 3) as n';
const ORDER = { text: 'select $1::int as order', values: [7] };

/** What rows are of, without what differs from run to run. */
const rowsOf = ({ rows }) => rows;

/** Every way to call pg, one for each path. Their callbacks answer only when what they have asked for has come. */
function forms(pg, Cursor, QueryStream, copyStreams) {
  const pool = new pg.Pool({ ...config, max: 1 });
  const wide = new pg.Pool({ ...config, max: 2 });

  /** On a connection of the pool that the request waits for, and gives back. */
  async function withClient(use) {
    const client = await wide.connect();
    try {
      return await use(client);
    } finally {
      client.release();
    }
  }

  const answering = (inner, done) => (error, result) =>
    inner(() => done(error, error ? undefined : Array.isArray(result) ? result.map(rowsOf) : rowsOf(result)));

  return {
    promise: () => pool.query('select 1 as one').then(rowsOf),
    callback: (inner, done) => void pool.query('select 2 as two', answering(inner, done)),
    'values-callback': (inner, done) => void pool.query('select $1::int as three', [3], answering(inner, done)),
    config: () => pool.query(ORDER).then(rowsOf),
    'config-callback': (inner, done) => void pool.query({ ...ORDER }, answering(inner, done)),
    prepared: () =>
      withClient(async (client) => {
        const named = { name: 'order', ...ORDER };
        await client.query(named);
        return rowsOf(await client.query({ ...named, values: [8] }));
      }),
    array: () => pool.query({ text: THREE, rowMode: 'array' }).then(rowsOf),
    many: () => pool.query('select 1 as one; select 2 as two').then((results) => results.map(rowsOf)),
    transaction: () =>
      withClient(async (client) => {
        await client.query('BEGIN');
        await client.query('create temp table if not exists orders (id int)');
        await client.query('insert into orders values ($1)', [1]);
        await client.query('ROLLBACK');
        return 'rolled back';
      }),
    'failed-promise': () => pool.query('select nothing'),
    'failed-callback': (inner, done) => void pool.query('select nothing', (error) => inner(() => done(error))),
    'failed-values': () => pool.query('select $1::int', [Symbol('none')]).catch(() => 'no value'),
    'no-query': () =>
      withClient(async (client) => {
        try {
          return await client.query(null);
        } catch ({ name, message }) {
          return { name, message };
        }
      }),
    // What pg leaves on the application's own object is the application's own callback.
    again: () =>
      withClient(async (client) => {
        const one = { text: 'select 1 as one' };
        const calls = [];
        const callback = (_error, { rows }) => calls.push(rows);
        client.query(one, callback);
        await client.query(one);
        await client.query('select 2 as two');
        return [calls, Object.keys(one).sort(), one.callback === callback];
      }),
    events: (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            const rows = [];
            const query = client.query(new pg.Query(THREE));
            const keys = Reflect.ownKeys(query).map(String).sort();
            query.on('row', (row) => {
              rows.push(row);
              if (rows.length === 1) inner(() => rows.push('asked'));
            });
            query.on('error', resolve);
            query.on('end', (result) =>
              inner(() => resolve(done(undefined, [rows.length > 2, result.command, keys.length > 0]))),
            );
          }),
      ),
    // How often each event is emitted and in which order, who listens, and what the query then is.
    'events-noted': () =>
      withClient(
        (client) =>
          new Promise((resolve) => {
            const given = new pg.Query(THREE);
            const noted = [];
            for (const name of ['row', 'error', 'end']) given.on(name, () => noted.push(name));
            const query = client.query(given);
            query.once('end', () =>
              // What follows the last event is seen, too.
              setImmediate(() =>
                resolve([noted, given.listenerCount('row'), given === query, query.text, 'then' in query]),
              ),
            );
          }),
      ),
    'events-failed': (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            client.query(new pg.Query('select nothing')).on('error', (error) => inner(() => resolve(done(error))));
          }),
      ),
    cursor: (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve, reject) => {
            const cursor = client.query(new Cursor(THREE));
            cursor.read(2, (error, first) => {
              if (error) return reject(error);
              cursor.read(2, (_error, rest) => {
                cursor.close(() => inner(() => resolve(done(undefined, [first, rest]))));
              });
            });
          }),
      ),
    'cursor-closed': (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            const cursor = client.query(new Cursor(THREE));
            cursor.read(1, (_error, rows) => cursor.close(() => inner(() => resolve(done(undefined, rows)))));
          }),
      ),
    'cursor-promise': () =>
      withClient(async (client) => {
        const cursor = client.query(new Cursor(THREE));
        const rows = await cursor.read(10);
        await cursor.close();
        return rows;
      }),
    'cursor-failed': () =>
      withClient(async (client) => {
        const cursor = client.query(new Cursor('select nothing'));
        return cursor.read(10).catch(({ message }) => message);
      }),
    stream: (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            const rows = [];
            const stream = client.query(new QueryStream(THREE));
            stream.on('data', (row) => rows.push(row));
            stream.on('end', () => inner(() => resolve(done(undefined, rows))));
          }),
      ),
    'stream-broken': (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            const stream = client.query(
              new QueryStream('select n from generate_series(1, 1000) as n', [], { batchSize: 10 }),
            );
            stream.once('data', (row) => {
              stream.destroy();
              stream.once('close', () => inner(() => resolve(done(undefined, row))));
            });
          }),
      ),
    'stream-iterated': () =>
      withClient(async (client) => {
        const rows = [];
        for await (const row of client.query(new QueryStream(THREE))) rows.push(row);
        return rows;
      }),
    'stream-left': () =>
      withClient(async (client) => {
        const stream = client.query(new QueryStream(THREE, [], { batchSize: 1, highWaterMark: 1 }));
        for await (const row of stream) return [row, stream.destroyed];
        return 'none';
      }),
    'cursor-left': () =>
      withClient(async (client) => {
        const cursor = client.query(new Cursor(THREE));
        const rows = await cursor.read(1);
        await cursor.close();
        return [rows, await cursor.read(1), rowsOf(await client.query('select 1 as one'))];
      }),
    copy: (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve, reject) => {
            const stream = client.query(copyStreams.to('copy (select 1) to stdout'));
            let text = '';
            stream.on('data', (chunk) => (text += chunk)).on('error', reject);
            stream.on('end', () => inner(() => resolve(done(undefined, text))));
          }),
      ),
    'timed-out': () =>
      withClient(async (client) => {
        const failed = await client
          .query({ text: 'select pg_sleep(0.2)', query_timeout: 50 })
          .catch(({ message }) => message);
        return [failed, rowsOf(await client.query('select 1 as one'))];
      }),
    'pool-callback': (inner, done) =>
      void wide.connect((_error, client, release) => {
        client.query('select 1 as one', (error, { rows }) => {
          release();
          inner(() => done(error, rows));
        });
      }),
    'own-client': (inner, done) => {
      const client = new pg.Client(config);
      client.connect(() => {
        client.query('select 1 as one', (error, { rows }) => {
          client.end(() => inner(() => done(error, rows)));
        });
      });
    },
    notified: (inner, done) =>
      void withClient(
        (client) =>
          new Promise((resolve) => {
            client.once('notification', ({ channel, payload }) => {
              void client
                .query('unlisten orders')
                .then(() => inner(() => resolve(done(undefined, [channel, payload]))));
            });
            client.query('listen orders').then(() => wide.query("select pg_notify('orders', '7')"));
          }),
      ),
    closed: async () => {
      const client = new pg.Client(config);
      await client.connect();
      await client.end();
      return client.query('select 1').catch(({ message }) => message);
    },
    'eight-promises': async (_inner, _done, n) => rowsOf(await pool.query('select $1::int as n', [n])),
    'eight-callbacks': (inner, done, n) => void pool.query('select $1::int as n', [n], answering(inner, done)),
    'eight-clients': (inner, done, n) =>
      void pool.connect((_error, client, release) => {
        client.query('select $1::int as n', [n], (error, { rows }) => {
          release();
          inner(() => done(error, rows));
        });
      }),
    close: (done) => void pool.end(() => wide.end(done)),
  };
}

module.exports = { forms };
