'use strict';

/*
 * fast-check for `npm run test:unit`: a property is tried at most this often. `npm test` tries it as often as it asks for.
 */
const { default: fc } = require('../../node_modules/fast-check/lib/cjs/fast-check.js');

const MAX_RUNS = 40;

const assert = (property, options) =>
  fc.assert(property, { ...options, numRuns: Math.min(options?.numRuns ?? MAX_RUNS, MAX_RUNS) });

module.exports = { __esModule: true, default: { ...fc, assert } };
