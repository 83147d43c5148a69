'use strict';

const http = require('node:http');

const server = http.createServer((req, res) => res.end('served'));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGINT', () => server.close(() => process.exit(0)));
