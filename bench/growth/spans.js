'use strict';

const { agentOf, answer, inStretches, memory } = require('./agent');

/** Segments of this many spans, each with a tag. */
answer(async ({ spans, requests, backends }) => {
  const agent = agentOf({ backends });
  await agent.ready(20_000);
  const { tracer } = agent;
  const one = () => {
    const entry = tracer.openEntry('/orders');
    for (let i = 1; i < spans; i++) {
      const span = tracer.openLocal('step', entry);
      if (!span) continue;
      tracer.details.tag(span, 'number', i);
      tracer.end(span);
    }
    tracer.end(entry);
  };
  const cpuUs = await inStretches(agent, requests, one);
  return { cpuUs, leftOut: tracer.leftOut.spans, segments: agent.status().segments, ...memory() };
});
