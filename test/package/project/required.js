'use strict';

const { start } = require('skyanchor');
const { startCollector } = require('skyanchor/testing');

async function main() {
  const collector = await startCollector({ idDelayMs: 0 });
  const agent = start({ serviceName: 'stranger', instanceName: 'mine', backends: collector.address });
  const { registration } = await agent.ready(10_000);
  const [known] = collector.instances();
  if (known.id !== registration.instanceId) throw new Error('the backend knows another instance');
  console.log(`registered ${known.service} ${known.uuid}`);
  await agent.stop();
  await collector.stop();
}

main();
