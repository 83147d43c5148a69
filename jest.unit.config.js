'use strict';

const base = require('./jest.config');

/** Folders of tests that open sockets or start processes, most of them; and one that takes too long. */
const FOLDERS = [
  'apps',
  'chaos',
  'cli',
  'compat',
  'e2e',
  'fleet',
  'instrument',
  'matrix',
  'oap',
  'package',
  'scenario',
  'security',
  'windows',
];
/** The same of files, as `folder/beginning-of-the-name`. */
const FILES = [
  'agent/first-tick',
  'agent/signalled',
  'config/credentials/credential-files',
  'config/pm2',
  'config/process-config',
  'control/channel-',
  'control/fuzz',
  'control/report',
  'export/over-the-wire',
  'protocol/backend',
  'protocol/v3/telemetry-client',
  'spool/agent',
  'spool/disk-faults',
  'spool/kill-points',
  'status/file-lock',
  'status/status-file',
  'telemetry/application-meters',
  'telemetry/process-sampler',
  'testing/',
  'tracing/context',
  'tracing/tracer',
  'transport/',
];

/** The tests that open no socket and start no process: a guard throws where one does. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  testPathIgnorePatterns: [...FOLDERS.map((name) => `${name}/`), ...FILES].map((name) => `<rootDir>/test/${name}`),
  // Nothing waits here, so no more workers than cores.
  maxWorkers: '100%',
  moduleNameMapper: { '^fast-check$': '<rootDir>/test/support/quick-properties.js' },
  setupFiles: ['<rootDir>/test/support/no-sockets-no-processes.ts'],
};
