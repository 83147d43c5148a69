'use strict';

const http = require('node:http');
const { buildSchema } = require('graphql');
const { createHandler } = require('graphql-http/lib/use/http');

const schema = buildSchema('type Query { order(id: ID!): Order } type Order { id: ID! }');
const handler = createHandler({ schema, rootValue: { order: ({ id }) => ({ id }) } });
const server = http.createServer(handler);
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
