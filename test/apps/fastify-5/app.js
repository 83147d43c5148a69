'use strict';

const fastify = require('fastify');

const app = fastify();
const number = { type: 'object', properties: { order: { type: 'integer' } } };

app.get('/orders/:order', ({ params }) => ({ order: params.order }));
app.post('/orders', (request, reply) => reply.code(201).send(request.body));
app.get('/checked/:order', { schema: { params: number } }, () => 'checked');
app.get('/guarded/:order', { onRequest: (request, reply) => reply.code(401).send('who?') }, () => 'you');
app.get('/broken/:order', async () => {
  throw new Error('broken');
});

app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' }, () => console.log('listening'));
process.once('SIGTERM', async () => {
  await app.close();
  console.log('closed');
});
