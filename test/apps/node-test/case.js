'use strict';

module.exports = {
  title: 'node:test with undici: the application under test starts the agent',
  package: 'undici',
  ci: true,
  load: 'program',
  env: { NODE_ENV: 'test' },
  program: ['--test', '--test-reporter=tap', 'orders.test.js', 'innocent.test.js'],
  end: 'itself',
  unordered: true,
  expects: ({ code }) => (code === 0 ? [] : [`node --test itself ends with ${code}`]),
  normalise: [[/duration_ms:? [\d.]+/g, 'duration_ms']],
};
