'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');
const { until } = require('../until');
const { withCollector } = require('../with-collector');

const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/** Three suites and one that asserts nothing but arithmetic, none of which stops the agent. */
function writeSuites(folder, project) {
  fs.mkdirSync(folder);
  for (const name of ['a', 'b', 'c']) {
    fs.copyFileSync(path.join(project, 'unstopped.js'), path.join(folder, `${name}.test.js`));
  }
  const short =
    "require('skyanchor').start({serviceName:'unstopped',backends:process.env.BACKEND}); test('1 is 1', () => { expect(1).toBe(1) });\n";
  fs.writeFileSync(path.join(folder, 'short.test.js'), short);
}

async function checkUnstopped(score, project) {
  const folder = path.join(project, 'unstopped');
  writeSuites(folder, project);
  const config = path.join(folder, 'jest.config.json');
  fs.writeFileSync(config, JSON.stringify({ testEnvironment: 'node', transform: {} }));
  const endsAsWithoutUs = async (args, env) => {
    const { stderr } = await run(process.execPath, [JEST, '--config', config, ...args], { cwd: folder, env });
    assert.match(stderr, /Tests: +4 passed, 4 total/);
    assert.doesNotMatch(stderr, /torn down|did not exit|open handle|failed to exit|Error:/);
  };
  for (const args of [['-w', '2'], ['--runInBand'], ['--runInBand', '--detectOpenHandles']]) {
    const way = `jest ${args.join(' ')}`;
    await score.check(`${way} succeeds though no suite stops the agent, with a backend`, () =>
      withCollector(project, async (collector) => {
        await endsAsWithoutUs(args, { BACKEND: collector.address });
        await until(() => collector.segments().length > 0, 'a segment of a suite');
      }),
    );
    await score.check(`${way} succeeds though no suite stops the agent, without a backend`, () =>
      endsAsWithoutUs(args, { BACKEND: '127.0.0.1:1' }),
    );
  }
}

async function checkJest(score, project) {
  await checkUnstopped(score, project);
  await score.check('a jest suite loads it, registers, and ends by itself', async () => {
    const config = path.join(project, 'jest.config.json');
    fs.writeFileSync(config, JSON.stringify({ testMatch: ['**/suite.js'], testEnvironment: 'node', transform: {} }));
    const { stderr } = await run(process.execPath, [JEST, '--config', config, '--no-cache'], { cwd: project });
    assert.match(stderr, /Tests: +2 passed, 2 total/);
    assert.doesNotMatch(stderr, /did not exit|open handle|worker process has failed/);
  });
}

module.exports = { checkJest };
