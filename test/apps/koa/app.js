'use strict';

const { bodyParser } = require('@koa/bodyparser');
const { Router } = require('@koa/router');
const Koa = require('koa');

const app = new Koa({ env: 'test' });
const router = new Router();

router.use('/guarded', (ctx) => ctx.throw(401, 'who?'));
router.get('/orders/:order', (ctx) => (ctx.body = { order: ctx.params.order }));
router.post('/orders', (ctx) => {
  ctx.status = 201;
  ctx.body = ctx.request.body;
});
router.get('/guarded/:order', (ctx) => (ctx.body = 'you'));
router.get('/broken/:order', () => {
  throw new Error('broken');
});
app.silent = true;
app.use(bodyParser()).use(router.routes()).use(router.allowedMethods());

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
