'use strict';

/*
 * The agent of this process as the applications use it. Whoever is loaded before them puts it here; without an agent
 * the work is just done.
 */

const PLACE = Symbol.for('skyanchor.bench.agent');

const bare = { span: (_name, work) => work(), flush: () => undefined };

module.exports = {
  use: (agent) => (globalThis[PLACE] = agent),
  current: () => globalThis[PLACE] ?? bare,
};
