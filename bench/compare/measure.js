'use strict';

const { Visit } = require('./visit');

/** The same ways each time, and a young generation that holds all that is allocated between two collections of ours. */
const COUNTING = [
  '--expose-gc',
  '--random-seed=1',
  '--hash-seed=1',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
];

/**
 * Processes of all agents live at once and are loaded in turn, round by round: what the machine does meanwhile meets all
 * alike, and the rounds of one turn are pairs.
 *
 * @param progress gets a line for what begins or fails
 * @returns for each agent `{ agent, start: [], rounds: [], steady: [], segmentBursts: [], allocated }`; the rounds of all
 *   agents lie alike, with `undefined` for one that failed
 */
async function measure(agents, scenario, stage, plan, progress) {
  const found = agents.map((agent) => ({ agent, start: [], rounds: [], steady: [], segmentBursts: [] }));
  const tell = (what) => progress(`${process.version} ${scenario.name}: ${what}`);
  for (let at = 1; at <= plan.processes; at++) {
    tell(`processes ${at} of ${plan.processes}`);
    await sitting(found, scenario, stage, plan, tell);
  }
  tell('bytes allocated');
  for (const own of found) {
    own.allocated = await attempt(own.agent, tell, () => allocatedBy(own.agent, scenario, stage, plan.allocation));
  }
  return found;
}

/** One process of each agent. What fails is left out from then on. */
async function sitting(found, scenario, stage, plan, tell) {
  const visits = new Map();
  const each = async (all, work) => {
    for (const own of all) {
      const visit = visits.get(own);
      if (visit && (await attempt(own.agent, tell, () => work(visit, own))) === undefined) {
        visits.delete(own);
        await visit.stop();
      }
    }
  };
  try {
    for (const own of found) {
      const visit = await attempt(own.agent, tell, () => Visit.start(own.agent, scenario, stage));
      if (!visit) continue;
      visits.set(own, visit);
      own.start.push(visit.start);
    }
    await each(found, (visit) => visit.closed({ durationMs: plan.warmUpMs }));
    const before = found[0].rounds.length;
    for (let round = before; round < before + plan.rounds; round++) {
      const first = round % found.length;
      await each([...found.slice(first), ...found.slice(0, first)], async (visit, own) => {
        return (own.rounds[round] = await visit.closed({ durationMs: plan.roundMs }));
      });
    }
    for (const own of found) own.rounds.length = before + plan.rounds;
    const { steady, segmentBursts } = plan;
    if (steady) await each(found, (visit, own) => visit.steady(steady.rate, steady.requests).then(addTo(own.steady)));
    for (let at = 0; at < segmentBursts; at++) {
      await each(
        found.filter(({ agent }) => agent.protocol),
        (visit, own) => visit.segmentBurst().then(addTo(own.segmentBursts)),
      );
    }
  } finally {
    for (const visit of visits.values()) await visit.stop();
  }
}

const addTo = (list) => (one) => list.push(one);

/** @returns what came of it; `undefined`: it failed, and the run goes on without */
async function attempt({ name }, tell, work) {
  try {
    return await work();
  } catch (error) {
    tell(`${name} failed: ${error.message}`);
    return undefined;
  }
}

/** The young generation's size, so that what is counted does not fill it. */
const MAX_BYTES = 150e6;

/** Bytes on the heap that a request takes and leaves, delivery included, while no garbage is collected. */
async function allocatedBy(agent, scenario, stage, { warmUp, first, requests }) {
  const visit = await Visit.start(agent, scenario, stage, COUNTING);
  const grownBy = async (count) => {
    const { heapBytes: before } = await visit.server.ask('mark');
    await visit.closed({ requests: count });
    const { heapBytes: now } = await visit.server.ask('mark');
    return (now - before) / count;
  };
  try {
    await visit.closed({ requests: warmUp });
    await visit.server.ask('collect');
    // A collection takes compiled code along. The first requests after it make it anew, and tell how many more there is room for.
    const roughly = await grownBy(first);
    return await grownBy(Math.min(requests, Math.floor(MAX_BYTES / roughly)));
  } finally {
    await visit.stop();
  }
}

module.exports = { measure };
