'use strict';

const base = require('../../jest.config');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testPathIgnorePatterns: [],
  transform: { '^.+\\.ts$': '<rootDir>/test/windows/transform.js' },
  moduleNameMapper: { '^@swc/core$': '<rootDir>/test/windows/transform.js' },
  setupFiles: ['<rootDir>/test/windows/keep-alive.js'],
  reporters: ['<rootDir>/test/windows/reporter.js'],
  // A process starts in some seconds under Wine.
  testTimeout: 60_000,
  watchman: false,
};
