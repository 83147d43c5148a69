'use strict';

const { serve } = require('@hono/node-server');
const { Hono } = require('hono');

const app = new Hono();
const orders = new Hono();

orders.use('*', (c, next) => next());
orders.get('/newest', (c) => c.text('the newest'));
orders.get('/:order', (c) => c.text(c.req.param('order')));
orders.all('/:order/lines', (c) => c.text('lines'));
app.route('/shops/:shop', orders);
app.get('/files/*', (c) => c.text('a file'));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  console.log('listening'),
);
process.once('SIGTERM', () => server.close(() => console.log('closed')));
