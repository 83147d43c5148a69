import diagnostics from 'node:diagnostics_channel';
import type { Agent } from '../../src/api/agent';
import { assertAccounted } from './accounting';
import { Leftovers } from './patched';

const PLACE = Symbol.for('skyanchor.agent');

/** Shared by all test files of this process: Node's own modules are what they have in common. */
const HELD = Symbol.for('skyanchor.test.channels');
const REQUEST = ['create', 'headers', 'trailers', 'error'].map((event) => `undici:request:${event}`);

// On Node 20 a channel that one file's undici or fastify has made takes that of the next file with it when it is
// collected, and then no subscriber hears what is published there. So the first one is kept.
(diagnostics as { [HELD]?: unknown })[HELD] ??= [...REQUEST, 'tracing:fastify.request.handler:start'].map((name) =>
  diagnostics.channel(name),
);

const leftovers = new Leftovers(String(expect.getState().testPath));

beforeEach(() => {
  leftovers.begin(String(expect.getState().currentTestName));
});

// Whatever a test was about: the agent that runs in its process has lost no segment without counting it.
afterEach(() => {
  const { agent } = (globalThis as { [PLACE]?: { agent: Agent } })[PLACE] ?? {};
  if (agent) assertAccounted(agent.status().segments);
});

afterAll(() => {
  expect([...leftovers.ofFileBefore(), ...leftovers.atEnd()]).toEqual([]);
});
