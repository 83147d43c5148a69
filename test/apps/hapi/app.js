'use strict';

const Hapi = require('@hapi/hapi');

async function main() {
  const server = Hapi.server({ port: Number(process.env.PORT), host: '127.0.0.1', debug: false });
  server.auth.scheme('refuse', () => ({ authenticate: (request, h) => h.response('who?').code(401).takeover() }));
  server.auth.strategy('refuse', 'refuse');
  server.route([
    { method: 'GET', path: '/orders/{order}', handler: ({ params }) => ({ order: params.order }) },
    { method: 'POST', path: '/orders', handler: ({ payload }, h) => h.response(payload).code(201) },
    { method: 'GET', path: '/guarded/{order}', options: { auth: 'refuse' }, handler: () => 'you' },
    {
      method: 'GET',
      path: '/broken/{order}',
      handler: () => {
        throw new Error('broken');
      },
    },
  ]);
  process.once('SIGTERM', async () => {
    await server.stop({ timeout: 1_000 });
    console.log('closed');
  });
  await server.start();
  console.log('listening');
}

main();
