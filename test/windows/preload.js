'use strict';

/*
 * Loaded before everything in each Node that runs under Wine. Native modules do not load there, so two tools of the tests get
 * a counterpart in JavaScript: `unrs-resolver`, by which jest finds modules, and `@swc/core`, by which tests make JavaScript of
 * the sources. One fault of Wine is covered up, since without that no `fetch` connects.
 */

const Module = require('node:module');
const net = require('node:net');
const path = require('node:path');

const REPLACED = {
  'unrs-resolver': path.join(__dirname, 'resolver.js'),
  '@swc/core': path.join(__dirname, 'transform.js'),
};

const { _resolveFilename: resolveFilename } = Module;
Module._resolveFilename = function (request, ...rest) {
  return REPLACED[request] ?? Reflect.apply(resolveFilename, this, [request, ...rest]);
};

// Wine 8 knows no TCP_KEEPIDLE, so a socket with keep-alive set before it is connected fails with "connect UNKNOWN".
net.Socket.prototype.setKeepAlive = function () {
  return this;
};
