'use strict';

const { eachField, textsIn } = require('./fields');

const bytes = (field, content) => Buffer.concat([Buffer.from([(field << 3) | 2]), varint(content.length), content]);
const number = (field, value) => Buffer.concat([Buffer.from([field << 3]), varint(value)]);
const text = (field, value) => bytes(field, Buffer.from(value));

function varint(value) {
  const out = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return Buffer.from(out);
}

/** The id of the service that the first endpoint asked for is of: an agent has one. */
function serviceIn(request) {
  let id = 0;
  eachField(request, 0, request.length, (field, _value, start, end) => {
    if (field !== 1) return;
    eachField(request, start, end, (inner, value) => {
      if (inner === 1) id = value;
    });
  });
  return id;
}

/** Answers the registrations of protocol v2 at once: the same name always gets the same id. */
function v2Registry() {
  const ids = new Map();
  const idOf = (name) => {
    if (!ids.has(name)) ids.set(name, ids.size + 2);
    return ids.get(name);
  };
  /** A list of `KeyIntValuePair`. */
  const pairs = (names) =>
    Buffer.concat(names.map((name) => bytes(1, Buffer.concat([text(1, name), number(2, idOf(name))]))));
  const endpoints = (request) => {
    const service = number(1, serviceIn(request));
    const element = (name) => bytes(1, Buffer.concat([service, text(2, name), number(3, idOf(name)), number(4, 1)]));
    return Buffer.concat(textsIn(request, 1, 2).map(element));
  };
  return {
    '/Register/doServiceRegister': (request) => pairs(textsIn(request, 1, 1)),
    '/Register/doServiceInstanceRegister': (request) => pairs(textsIn(request, 1, 2)),
    '/Register/doNetworkAddressRegister': (request) => pairs(textsIn(request, 1)),
    '/Register/doEndpointRegister': endpoints,
    '/ServiceInstancePing/doPing': () => Buffer.alloc(0),
  };
}

module.exports = { v2Registry };
