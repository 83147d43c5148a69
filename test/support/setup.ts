import type { Agent } from '../../src/agent/agent';
import { assertAccounted } from './accounting';

const PLACE = Symbol.for('skyanchor.agent');

// Whatever a test was about: the agent that runs in its process has lost no segment without counting it.
afterEach(() => {
  const { agent } = (globalThis as { [PLACE]?: { agent: Agent } })[PLACE] ?? {};
  if (agent) assertAccounted(agent.status().segments);
});
