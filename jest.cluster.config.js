'use strict';

const oap = require('./jest.oap.config');

/** The tests that need a real cluster; see test/oap/README.md. */
/** @type {import('jest').Config} */
module.exports = {
  ...oap,
  testMatch: ['<rootDir>/test/oap/cluster/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 300_000,
};
