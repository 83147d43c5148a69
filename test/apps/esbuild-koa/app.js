'use strict';

if (process.env.WITH_AGENT === 'yes') {
  const { start } = require('skyanchor');
  start({ serviceName: process.env.SW_AGENT_NAME });
}

const { Router } = require('@koa/router');
const Koa = require('koa');

const app = new Koa();
const router = new Router();
router.get('/orders/:order', (ctx) => (ctx.body = { order: ctx.params.order }));
app.use(router.routes());

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
