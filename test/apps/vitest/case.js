'use strict';

module.exports = {
  title: 'Vitest 4: the application under test starts the agent',
  package: 'vitest',
  ci: true,
  load: 'program',
  env: { NODE_ENV: 'test' },
  program: ['node_modules/vitest/vitest.mjs', 'run'],
  end: 'itself',
  unordered: true,
  timeoutMs: 60_000,
  expects: ({ code }) => (code === 0 ? [] : [`vitest itself ends with ${code}`]),
  normalise: [
    [/ +\d+(\.\d+)?m?s$/gm, ''],
    [/(Start at|Duration).*/g, '$1'],
  ],
};
