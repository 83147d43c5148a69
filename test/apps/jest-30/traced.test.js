'use strict';

const http = require('node:http');

if (process.env.WITH_AGENT === 'yes') require('skyanchor').start({ serviceName: 'orders' });

let server;

beforeAll((done) => {
  server = http.createServer((req, res) => res.end('served')).listen(0, '127.0.0.1', done);
});

afterAll((done) => {
  server.close(done);
});

test('an order is served', async () => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/orders`);
  expect(await response.text()).toBe('served');
});
