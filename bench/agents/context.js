'use strict';

/* The least that any tracing needs: each request in a scope of its own. No span, nothing to send. */

const { AsyncLocalStorage } = require('node:async_hooks');
const http = require('node:http');

const context = new AsyncLocalStorage();
const scope = {};
const { emit } = http.Server.prototype;

function emitRequest(server, event, request, response) {
  return emit.call(server, event, request, response);
}

http.Server.prototype.emit = function (event, request, response) {
  if (event !== 'request') return emit.apply(this, arguments);
  return context.run(scope, emitRequest, this, event, request, response);
};
