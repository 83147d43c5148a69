import { startCollector, type Collector, type Protocol } from '../../src/testing/index';
import type { Agent } from '../../src/index';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { freePort } from '../support/free-port';
import { until } from '../support/until';

const MAX_CONNECTION_AGE_MS = 1_000;

let collector: Collector;
let isWanted = true;

afterEach(async () => {
  isWanted = false;
  await stopOwn();
  await collector.stop();
});

interface Given {
  readonly others?: readonly string[];
  readonly heartbeatMs?: number;
}

async function start(protocol: Protocol, nodes: number, { others = [], ...given }: Given = {}): Promise<Agent> {
  collector = await startCollector({ nodes, protocol, idDelayMs: 5 });
  const agent = startOwn({
    backends: [...collector.addresses, ...others],
    ...given,
    maxConnectionAgeMs: MAX_CONNECTION_AGE_MS,
    logLevel: 'info',
  });
  await agent.ready();
  return agent;
}

/** Traces without a pause until the test is over. */
async function traffic(agent: Agent): Promise<void> {
  isWanted = true;
  while (isWanted) {
    agent.trace('work', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe.each(['v2', 'v3'] as const)('a connection that has reached its age, on %s,', (protocol) => {
  it('is replaced by one to an address picked anew, and every segment arrives once', async () => {
    const agent = await start(protocol, 2);
    const epoch = agent.status().registration.epoch;
    const running = traffic(agent);
    const seen = new Set<string>();
    const look = (): boolean => {
      const { backend } = agent.status();
      if (backend !== null) seen.add(backend);
      return seen.size === 2;
    };
    await until(look, Boolean, { timeoutMs: 60_000 });
    isWanted = false;
    await running;
    await agent.flush();
    const { segments, registration } = agent.status();
    expect(segments.dropped).toBe(0);
    expect(segments.sent).toBe(segments.accepted);
    expect(registration.epoch).toBe(epoch);
    const ids = collector.segments().map(({ segmentId }) => segmentId);
    expect(ids).toHaveLength(segments.accepted);
    expect(new Set(ids).size).toBe(ids.length);
    expect(logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

// On v3 a heartbeat is what a new connection is tried with.
describe('a connection of v2 that has reached its age while a heartbeat is out', () => {
  it('is replaced without a word of a failure', async () => {
    const agent = await start('v2', 2, { heartbeatMs: 500 });
    const { reconnects } = agent.status();
    const heartbeats = collector.faults.add({ method: 'doPing', fault: { type: 'hang' } });
    // Each is given up when its connection is left, long before its time is over.
    await until(() => heartbeats.hits >= 2 && agent.status().reconnects >= reconnects + 3, Boolean, { timeoutMs: 40_000 }); // prettier-ignore
    const { failures, lastError } = agent.status().heartbeat;
    expect([failures, lastError]).toEqual([0, null]);
    expect(logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

describe('a connection of v3 that has reached its age while a question for settings is out', () => {
  it('is replaced without a word of a failure', async () => {
    const agent = await start('v3', 1);
    const { reconnects } = agent.status();
    const questions = collector.faults.add({ method: 'fetchConfigurations', fault: { type: 'hang' } });
    await until(() => questions.hits >= 2 && agent.status().reconnects >= reconnects + 3, Boolean, { timeoutMs: 40_000 }); // prettier-ignore
    expect(logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

describe('a connection whose replacement cannot be made', () => {
  it('stays, and the log says why', async () => {
    const agent = await start('v3', 1, { others: [`127.0.0.1:${await freePort()}`] });
    await until(() => logged.find((line) => line.includes('not taken in place of')), Boolean, { timeoutMs: 60_000 });
    expect(agent.status().backend).toBe(collector.address);
    agent.trace('work', () => undefined);
    await agent.flush();
    expect(agent.status().segments).toMatchObject({ accepted: 1, sent: 1 });
  });
});
