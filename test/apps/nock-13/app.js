'use strict';

const http = require('node:http');
const nock = require('nock');

nock('http://prices.test').persist().get('/prices').reply(200, { price: 7 });

function price() {
  return new Promise((resolve, reject) => {
    const request = http.get('http://prices.test/prices', (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

const server = http.createServer(async (req, res) => res.end(await price()));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
