'use strict';

const http = require('node:http');
const { buildSchema, graphql } = require('graphql');

const port = Number(process.env.PORT);
const schema = buildSchema('type Query { order(id: ID!): Order } type Order { id: ID! }');
const rootValue = {
  /** Asks for the order elsewhere. */
  order: ({ id }) =>
    new Promise((resolve, reject) => {
      if (id === '3') return reject(new Error('no order'));
      http
        .get({ port, host: '127.0.0.1', path: '/inner', agent: false }, (response) =>
          response.resume().on('end', () => resolve({ id })),
        )
        .on('error', reject);
    }),
};

const server = http.createServer(async (request, response) => {
  if (request.url === '/inner') return response.end();
  let source = '';
  for await (const chunk of request) source += chunk;
  response.end(JSON.stringify(await graphql({ schema, source, rootValue })));
});
server.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
