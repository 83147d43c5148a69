'use strict';

/* What a user writes, and knows nothing of us: a shop that asks its own stock. Ends with code 3 on /end, and as by Ctrl+C on /interrupt. */

const http = require('node:http');

const server = http.createServer((request, response) => {
  if (request.url === '/end') process.exit(3);
  // What Node does when the console sends Ctrl+C; no program can send it to another.
  if (request.url === '/interrupt') process.emit('SIGINT', 'SIGINT', 2);
  if (request.url === '/stock') {
    response.end('17');
    return;
  }
  const { port } = server.address();
  http.get({ port, host: '127.0.0.1', path: '/stock' }, (stock) => stock.resume().on('end', () => response.end('ok')));
});

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
