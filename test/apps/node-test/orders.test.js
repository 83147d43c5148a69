'use strict';

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { test } = require('node:test');
const { request } = require('undici');

if (process.env.WITH_AGENT === 'yes') require('skyanchor').start({ serviceName: 'orders' });

test('an order is served', async () => {
  const server = createServer((req, res) => res.end('served'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { body } = await request(`http://127.0.0.1:${server.address().port}/orders`, { reset: true });
  assert.equal(await body.text(), 'served');
  await new Promise((resolve) => server.close(resolve));
});
