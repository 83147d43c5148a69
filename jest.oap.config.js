'use strict';

const base = require('./jest.config');

/** The tests that need a real server; see test/oap/README.md. One after the other: each starts a JVM. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  testMatch: ['<rootDir>/test/oap/**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/oap/cluster/'],
  testTimeout: 120_000,
  maxWorkers: 1,
};
