'use strict';

const http = require('node:http');
const mysql = require('mysql2');

const port = Number(process.env.PORT);
const pool = mysql.createPool({
  host: '127.0.0.1',
  port: Number(process.env.DATABASE_PORT),
  user: 'orders',
  database: 'orders',
  connectionLimit: 1,
});

/** What a callback asks for shows which trace it runs in. */
function askInner(path, respond) {
  http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => response.resume().on('end', respond));
}

const server = http.createServer((req, res) => {
  if (req.url.startsWith('/inner')) return res.end('inner');
  pool.query('select 1 as one', (error, rows) => {
    if (error) return res.writeHead(500).end(error.message);
    askInner(`/inner${req.url}`, () => res.end(JSON.stringify(rows)));
  });
});
server.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => pool.end(() => console.log('closed'))));
