'use strict';

const http = require('node:http');
const closeWithGrace = require('close-with-grace');

const server = http.createServer((req, res) => res.end('served'));
closeWithGrace({ delay: 5_000 }, async ({ signal }) => {
  console.log(`closing on ${signal}`);
  await new Promise((resolve) => server.close(resolve));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
