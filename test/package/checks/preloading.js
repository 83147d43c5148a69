'use strict';

const assert = require('node:assert/strict');
const { run } = require('../sandbox');
const { until } = require('../until');
const { withCollector } = require('../with-collector');

const IS_WINDOWS = process.platform === 'win32';
const NPX = IS_WINDOWS ? 'npx.cmd' : 'npx';

/** The applications know nothing of us: they serve, print their port, and end when `/end` is asked for. */
const WAYS = [
  ['node --require skyanchor/register app.js', process.execPath, ['--require', 'skyanchor/register', 'app.js']],
  ['node --import skyanchor/register app.mjs', process.execPath, ['--import', 'skyanchor/register', 'app.mjs']],
  ['npx skyanchor run -- node app.js', NPX, ['--no-install', 'skyanchor', 'run', '--', 'node', 'app.js']],
];

async function ask(port, path) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  assert.equal(await response.text(), 'served');
}

/** Serves a request, waits until the backend has seen it, lets the application end, and looks at how it does. */
async function checkWay(collector, project, [name, command, args]) {
  let stdout = '';
  const ending = new AbortController();
  const ended = run(command, args, {
    cwd: project,
    env: {
      SW_AGENT_NAME: name,
      SW_AGENT_INSTANCE_NAME: 'mine',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
    },
    shell: IS_WINDOWS && command === NPX,
    signal: ending.signal,
    onOutput: (text) => (stdout += text),
  });
  const seen = async () => {
    const port = await until(() => /^\d+(?=\n)/.exec(stdout)?.[0], 'the port of the application');
    await ask(port, '/orders');
    const service = () => collector.services().find((entry) => entry.name === name);
    await until(() => collector.segments().some(({ serviceId }) => serviceId === service()?.id), 'its segment');
    const instances = collector.instances().filter((entry) => entry.service === name);
    assert.deepEqual(
      instances.map(({ uuid }) => uuid),
      ['mine'],
    );
    await ask(port, '/end');
  };
  try {
    const [{ stderr }] = await Promise.all([ended, seen()]);
    assert.equal(stderr, '');
  } finally {
    // It has ended already, unless something is wrong.
    ending.abort();
  }
}

async function checkPreloading(score, project) {
  for (const way of WAYS) {
    await score.check(`${way[0]} is registered and traced`, () =>
      withCollector(project, (collector) => checkWay(collector, project, way)),
    );
  }
}

module.exports = { checkPreloading };
