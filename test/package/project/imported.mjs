import { log } from 'node:console';
import { AgentError, start } from 'skyanchor';
import { startCollector } from 'skyanchor/testing';

try {
  start({ heartbeatMs: -1 });
  throw new Error('took a wrong option');
} catch (error) {
  if (!(error instanceof AgentError) || error.code !== 'INVALID_CONFIGURATION') throw error;
}

const collector = await startCollector({ idDelayMs: 0 });
const agent = start({ serviceName: 'stranger', instanceName: 'mine', backends: collector.address });
await agent.ready(10_000);
const [known] = collector.instances();
log(`registered ${known.service} ${known.uuid}`);
await agent.stop();
await collector.stop();
