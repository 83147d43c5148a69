'use strict';

const http = require('node:http');
const grpc = require('@grpc/grpc-js');

const port = Number(process.env.PORT);
const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const service = { greet: { path: '/orders.Greeter/Greet', requestStream: false, responseStream: false, ...text } };
const greeter = new grpc.Server();
greeter.addService(service, { greet: ({ request }, done) => done(null, `hello ${request}`) });

/** A call of the application's own by gRPC, and one by HTTP; both ask for the name's address. */
function work(client, respond) {
  client.greet('orders', (error, greeting) => {
    if (error) return respond(error.message);
    http.get({ host: 'localhost', port, path: '/inner', family: 4, agent: false }, (response) =>
      response.resume().on('end', () => respond(greeting)),
    );
  });
}

greeter.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (failure, grpcPort) => {
  if (failure) throw failure;
  const Client = grpc.makeGenericClientConstructor(service, 'Greeter');
  const client = new Client(`127.0.0.1:${grpcPort}`, grpc.credentials.createInsecure());
  const server = http.createServer((req, res) =>
    req.url === '/inner' ? res.end('inner') : work(client, (answer) => res.end(answer)),
  );
  server.listen(port, '127.0.0.1', () => console.log('listening'));
  process.once('SIGTERM', () => {
    client.close();
    greeter.forceShutdown();
    server.close(() => console.log('closed'));
  });
});
