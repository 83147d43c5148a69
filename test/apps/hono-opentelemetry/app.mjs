import { serve } from '@hono/node-server';
import { httpInstrumentationMiddleware } from '@hono/otel';
import { Hono } from 'hono';

const port = Number(process.env.PORT);
const app = new Hono();

app.use('*', httpInstrumentationMiddleware());
app.get('/orders/:order', (c) => c.json({ order: c.req.param('order') }));
app.get('/asks/:order', async (c) => {
  const answer = await fetch(`http://127.0.0.1:${port}/orders/${c.req.param('order')}`);
  return c.json(await answer.json());
});
app.get('/broken/:order', () => {
  throw new Error('broken');
});
app.onError((error, c) => c.text(error.message, 500));

const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
