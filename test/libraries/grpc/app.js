'use strict';

const grpc = require('@grpc/grpc-js');
const { serve, askInner } = require('./serve');

const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const method = (name, requestStream, responseStream) => ({
  path: `/shop.Stock/${name}`,
  requestStream,
  responseStream,
  ...text,
});
const Stock = grpc.makeGenericClientConstructor(
  {
    get: method('Get', false, false),
    list: method('List', false, true),
    add: method('Add', true, false),
    talk: method('Talk', true, true),
  },
  'Stock',
);

/** Asks for something in the handler, then answers. */
function answer(path, done) {
  askInner(`/called${path}`, () => done());
}

const server = new grpc.Server();
server.addService(Stock.service, {
  get: ({ request }, done) =>
    answer('/get', () =>
      request === 'nothing' ? done({ code: grpc.status.NOT_FOUND }) : done(null, `got ${request}`),
    ),
  list: (call) =>
    answer('/list', () => {
      for (const one of ['a', 'b']) call.write(one);
      call.end();
    }),
  add(call, done) {
    const all = [];
    call.on('data', (one) => all.push(one));
    call.on('end', () => answer('/add', () => done(null, all.join())));
  },
  talk(call) {
    call.on('data', (one) => call.write(one.toUpperCase()));
    call.on('end', () => answer('/talk', () => call.end()));
  },
});

let client;
const answering = (inner, done) => (error, value) => inner(() => done(error, value));

function read(stream, inner, done) {
  const all = [];
  stream.on('data', (one) => all.push(one));
  stream.on('error', () => undefined);
  stream.on('end', () => inner(() => done(undefined, all)));
}

serve(
  {
    connect: (_inner, done) =>
      void server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
        client = new Stock(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
        done(error, 'connected');
      }),
    unary: (inner, done) => void client.get('one', answering(inner, done)),
    failed: (inner, done) => void client.get('nothing', (error) => inner(() => done(undefined, error.code))),
    'server-stream': (inner, done) => read(client.list('all'), inner, done),
    'client-stream': (inner, done) => {
      const call = client.add(answering(inner, done));
      for (const one of ['a', 'b']) call.write(one);
      call.end();
    },
    both: (inner, done) => {
      const call = client.talk();
      read(call, inner, done);
      for (const one of ['a', 'b']) call.write(one);
      call.end();
    },
    'eight-calls': (inner, done, n) => void client.get(n, answering(inner, done)),
  },
  (done) => {
    client.close();
    server.forceShutdown();
    done();
  },
);
