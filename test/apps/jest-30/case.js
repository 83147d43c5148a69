'use strict';

const JEST = 'node_modules/jest/bin/jest.js';

/** Each file alone, all in one process, and all in two: an application under test never stops its agent. */
const RUNS = [['started'], ['traced'], ['--runInBand'], ['--maxWorkers=2'], ['--maxWorkers=2']];

module.exports = {
  title: 'Jest 30: the application under test starts the agent',
  package: 'jest',
  ci: true,
  load: 'program',
  env: { NODE_ENV: 'test' },
  unordered: true,
  timeoutMs: 60_000,
  async play(stage) {
    const played = { code: 0, stdout: '', stderr: '' };
    for (const args of RUNS) {
      const program = stage.start([JEST, ...args]);
      const { code } = await program.endsWithin(stage.timeoutMs);
      played.code ||= code;
      played.stdout += program.stdout;
      played.stderr += program.stderr;
    }
    return played;
  },
  expects: ({ code }) => (code === 0 ? [] : [`jest itself ends with ${code}`]),
  normalise: [
    [/ \(\d+(\.\d+)? m?s\)/g, ''],
    [/Time:.*/g, 'Time'],
  ],
};
