'use strict';

const { ApolloServer } = require('@apollo/server');
const { startStandaloneServer } = require('@apollo/server/standalone');

const typeDefs = 'type Query { order(id: ID!): Order } type Order { id: ID! }';
const resolvers = { Query: { order: (parent, { id }) => ({ id }) } };
const server = new ApolloServer({ typeDefs, resolvers });

startStandaloneServer(server, { listen: { port: Number(process.env.PORT), host: '127.0.0.1' } }).then(() =>
  console.log('listening'),
);
