'use strict';

/*
 * Loaded before everything in each Node that runs under Wine. Native modules do not load there, so two tools of the tests get
 * a counterpart in JavaScript: `unrs-resolver`, by which jest finds modules, and `@swc/core`, by which tests make JavaScript of
 * the sources.
 */

const Module = require('node:module');
const path = require('node:path');

const REPLACED = {
  'unrs-resolver': path.join(__dirname, 'resolver.js'),
  '@swc/core': path.join(__dirname, 'transform.js'),
};

const { _resolveFilename: resolveFilename } = Module;
Module._resolveFilename = function (request, ...rest) {
  return REPLACED[request] ?? Reflect.apply(resolveFilename, this, [request, ...rest]);
};
