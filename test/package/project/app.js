'use strict';

const http = require('node:http');

const server = http.createServer((request, response) => {
  response.end('served');
  if (request.url === '/end') server.close();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
