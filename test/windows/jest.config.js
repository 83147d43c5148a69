'use strict';

const base = require('../../jest.config');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  transform: { '^.+\\.ts$': '<rootDir>/test/windows/transform.js' },
  moduleNameMapper: { '^@swc/core$': '<rootDir>/test/windows/transform.js' },
  testPathIgnorePatterns: [],
  watchman: false,
};
