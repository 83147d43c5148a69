'use strict';

const { agentOf, answer, inStretches, memory } = require('./agent');

/** The same numbers in every run, of 0 up to 1. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Requests to this many endpoints that call this many addresses; an eighth of the names has half of the requests. */
answer(async ({ names, requests, backends }) => {
  const agent = agentOf({ backends });
  await agent.ready(20_000);
  const { tracer } = agent;
  const random = seeded(1);
  const one = () => {
    const name = Math.floor(names * random() ** 3);
    const entry = tracer.openEntry(`/orders/of/customer/${name}`);
    const exit = tracer.openExit('/stock', `stock-${name}.shop.example:8080`, entry);
    tracer.end(exit);
    tracer.end(entry);
  };
  const cpuUs = await inStretches(agent, requests, one);
  const { endpoints, networkAddresses, segments } = agent.status();
  return { cpuUs, endpoints, networkAddresses, segments, ...memory() };
});
