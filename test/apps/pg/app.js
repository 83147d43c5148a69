'use strict';

const http = require('node:http');
const pg = require('pg');

const port = Number(process.env.PORT);
const pool = new pg.Pool({
  host: '127.0.0.1',
  port: Number(process.env.DATABASE_PORT),
  user: 'postgres',
  database: 'postgres',
  max: 1,
});

/** What a callback asks for shows which trace it runs in. */
function askInner(path, respond) {
  http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => response.resume().on('end', respond));
}

const server = http.createServer((req, res) => {
  if (req.url.startsWith('/inner')) return res.end('inner');
  pool.query('select 1 as one', (error, result) => {
    if (error) return res.writeHead(500).end(error.message);
    askInner(`/inner${req.url}`, () => res.end(JSON.stringify(result.rows)));
  });
});
server.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => pool.end(() => console.log('closed'))));
