'use strict';

const { start } = require('skyanchor');

const agent = start({
  serviceName: 'bundled',
  backends: process.env.BACKEND,
  commandFile: 'skyanchor.command',
});

async function main() {
  const { registration } = await agent.ready(10_000);
  agent.trace('work', () => undefined);
  await agent.flush(5_000);
  console.log(`${registration.phase}, sent ${agent.status().segments.sent}`);
}

main();
