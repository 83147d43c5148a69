'use strict';

/* global afterAll, beforeAll, expect, test */

const { setTimeout: pause } = require('node:timers/promises');
const { start } = require('skyanchor');
const { startCollector } = require('skyanchor/testing');

let collector;
let agent;

beforeAll(async () => {
  collector = await startCollector({ idDelayMs: 0 });
  agent = start({ serviceName: 'stranger', instanceName: 'mine', backends: collector.address });
});

afterAll(async () => {
  await agent.stop();
  await collector.stop();
});

test('the agent registers inside a suite', async () => {
  const { registration } = await agent.ready(10_000);
  expect(collector.instances()).toMatchObject([{ id: registration.instanceId, service: 'stranger', uuid: 'mine' }]);
});

test('what a suite traces arrives', async () => {
  agent.trace('work', (span) => span.tag('step', 1));
  expect(await agent.flush()).toBe(true);
  // The backend, like a real one, shows a segment some time after it took it.
  while (collector.segments().length === 0) await pause(20);
  expect(collector.segments()).toHaveLength(1);
});
