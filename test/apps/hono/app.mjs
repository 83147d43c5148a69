import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();

app.use('/guarded/*', (c) => c.text('who?', 401));
app.get('/orders/:order', (c) => c.json({ order: c.req.param('order') }));
app.post('/orders', async (c) => c.json(await c.req.json(), 201));
app.get('/guarded/:order', (c) => c.text('you'));
app.get('/broken/:order', () => {
  throw new Error('broken');
});
app.onError((error, c) => c.text(error.message, 500));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  console.log('listening'),
);
process.once('SIGTERM', () => server.close(() => console.log('closed')));
