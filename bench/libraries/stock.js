'use strict';

/* The gRPC server that is called: a process of its own, and what its clients have to know. */

const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const stock = { get: { path: '/shop.Stock/Get', requestStream: false, responseStream: false, ...text } };

function serve() {
  const grpc = require('@grpc/grpc-js');
  const server = new grpc.Server();
  server.addService(stock, { get: ({ request }, done) => done(null, request) });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.on('disconnect', () => process.exit());
    process.send({ ready: true, port });
  });
}

if (require.main === module) serve();

module.exports = { stock };
