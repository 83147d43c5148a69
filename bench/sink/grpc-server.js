'use strict';

const http2 = require('node:http2');
const { once } = require('node:events');

const HEAD = 5;
const UNIMPLEMENTED = '12';
const EMPTY = Buffer.alloc(0);

function frame(message) {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Hands on every gRPC message of the chunks, however they are cut. */
function reader(onMessage) {
  let rest = EMPTY;
  return (chunk) => {
    const buf = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (buf.length - at >= HEAD) {
      const end = at + HEAD + buf.readUInt32BE(at + 1);
      if (end > buf.length) break;
      onMessage(buf.subarray(at + HEAD, end));
      at = end;
    }
    rest = buf.subarray(at);
  };
}

/**
 * The least that a gRPC client takes for a server: it reads everything and answers each call once, at its end.
 *
 * @param service of a path: `{ onData?(bytes), onMessage?(message), answer(lastMessage) }`; `undefined`: no such method
 */
async function grpcServer(service) {
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const method = service(headers[':path']);
    if (!method) {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED },
        { endStream: true },
      );
      return;
    }
    let last = EMPTY;
    const read = reader((message) => {
      last = message;
      method.onMessage?.(message);
    });
    stream.on('data', (chunk) => {
      method.onData?.(chunk.length);
      read(chunk);
    });
    stream.on('end', () => {
      // A client that has lost patience.
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(method.answer(last)));
    });
  });
  server.on('sessionError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

module.exports = { grpcServer };
