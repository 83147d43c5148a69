'use strict';

/*
 * A gRPC client made only of Node's own modules and the tables in ../wire, so that it shares nothing with the agent
 * it may be used to check.
 */

const http2 = require('node:http2');

const { decode, encode } = require('./protobuf');

const v2 = require('../wire/v2.json');
const v3 = require('../wire/v3.json');

const DEADLINE_MS = 10_000;

function frame(bytes) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Status codes by number, as gRPC names them. */
const STATUS = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED ' +
  'RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS ' +
  'UNAUTHENTICATED'
).split(' ');

/** Sends messages to a method; resolves with the status whatever it is, never rejects for one. */
function exchange(session, path, messages, metadata = {}) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...metadata,
    });
    const chunks = [];
    let end = {};
    stream.on('response', (headers) => (end = { ...end, ...headers }));
    stream.on('trailers', (trailers) => (end = { ...end, ...trailers }));
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.setTimeout(DEADLINE_MS, () => {
      stream.destroy(new Error(`${path} was not answered within ${DEADLINE_MS} ms`));
    });
    stream.once('close', () => {
      const status = STATUS[Number(end['grpc-status'] ?? 2)];
      resolve({
        status,
        message: decodeURIComponent(end['grpc-message'] ?? ''),
        body: Buffer.concat(chunks).subarray(5),
      });
    });
    stream.end(Buffer.concat(messages.map(frame)));
  });
}

/** Parses "stream A -> B" of a service table. */
function signature(text) {
  const [, request, response] = /^(?:stream )?(\S+) -> (\S+)$/.exec(text);
  return { request, response };
}

/**
 * Opens a connection. `call` takes a method of a table, such as 'Register/doServiceRegister', and a message
 * or a list of them; `path` calls the same method under another name.
 */
function connect(address, tables, { token, ca } = {}) {
  const session = http2.connect(`${ca ? 'https' : 'http'}://${address}`, { ca });
  session.on('error', () => {});

  async function call(method, value, { path = `/${method}` } = {}) {
    const [service, name] = method.split('/');
    const { request, response } = signature(tables.services[service][name]);
    const messages = (Array.isArray(value) ? value : [value]).map((one) => encode(tables, request, one));
    const answer = await exchange(session, path, messages, token === undefined ? {} : { authentication: token });
    return { status: answer.status, message: answer.message, value: decode(tables, response, answer.body) };
  }

  return { call, close: () => session.close() };
}

module.exports = { connect, decode, encode, frame, v2, v3 };
