import { networkInterfaces } from 'node:os';
import type { Agent } from '../../src/index';
import { modules } from '../../src/base/lazy';
import { startCollector, type Collector } from '../../src/testing/index';
import { DnsServer } from '../support/dns-server';
import { freePort } from '../support/free-port';
import { Line } from '../support/line';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';

const NAME = 'oap.example';
const PATIENCE = { timeoutMs: 60_000 };
const [ONE, OTHER, SIX] = ['127.0.0.1', '127.0.0.2', '::1'] as const;

let dns: DnsServer;
let collector: Collector;
/** The addresses of the name. */
let places: Line[];
let isWanted = false;

beforeEach(async () => {
  dns = await DnsServer.start();
  jest.spyOn(modules, 'dns').mockReturnValue({ lookup: dns.lookup } as never);
});

afterEach(async () => {
  isWanted = false;
  await stopOwn();
  for (const place of places) await place.close();
  await collector.stop();
  dns.close();
  jest.restoreAllMocks();
});

/** The agent at a name that has these addresses, a node behind each. */
async function start(addresses: readonly string[], more: readonly string[] = []): Promise<Agent> {
  collector = await startCollector({ nodes: addresses.length + more.length, protocol: 'v3' });
  const port = await freePort();
  places = [...addresses, ...more].map((address, index) => new Line(address, port, collector.addresses[index]!));
  for (const place of places) await place.open();
  dns.addresses = addresses;
  const agent = startOwn({ backends: `${NAME}:${port}`, maxConnectionAgeMs: 1_000, logLevel: 'info' });
  await agent.ready(PATIENCE.timeoutMs);
  return agent;
}

const isUsed = (address: string): boolean => places.find((place) => place.address === address)!.sockets.size > 0;

/** Traces without a pause until the test is over. */
async function traffic(agent: Agent): Promise<void> {
  isWanted = true;
  while (isWanted) {
    agent.trace('work', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** No more traffic; each segment has arrived, and once. */
async function expectAllOnce(agent: Agent, running: Promise<void>): Promise<void> {
  isWanted = false;
  await running;
  await agent.flush();
  const { segments, registration } = agent.status();
  expect(segments).toMatchObject({ sent: segments.accepted, dropped: 0 });
  expect(registration.epoch).toBe(1);
  const ids = collector.segments().map(({ segmentId }) => segmentId);
  expect(ids).toHaveLength(segments.accepted);
  expect(new Set(ids).size).toBe(ids.length);
}

describe('a backend whose name has several addresses', () => {
  it('is connected to at each of them in turn, by chance, and every segment arrives once', async () => {
    const agent = await start([ONE, OTHER]);
    const running = traffic(agent);
    const seen = new Set<string>();
    const look = (): number => {
      for (const { address } of places) if (isUsed(address)) seen.add(address);
      return seen.size;
    };
    await until(look, (count) => count === 2, PATIENCE);
    await expectAllOnce(agent, running);
  });

  it('is connected to at the one that takes connections', async () => {
    const agent = await start([ONE, OTHER]);
    await places[0]!.close();
    const running = traffic(agent);
    await until(() => isUsed(OTHER) && agent.status().registration.phase === 'connected', Boolean, PATIENCE);
    await until(() => agent.status().segments.sent > 0, Boolean, PATIENCE);
    isWanted = false;
    await running;
    await agent.flush();
    const { segments, registration } = agent.status();
    expect(segments).toMatchObject({ sent: segments.accepted, dropped: 0 });
    expect(registration.epoch).toBe(1);
  });
});

describe('a backend whose name gets other addresses', () => {
  it('is connected to there once the connection has reached its age, and every segment arrives once', async () => {
    const agent = await start([ONE], [OTHER]);
    const running = traffic(agent);
    dns.addresses = [OTHER];
    await until(() => isUsed(OTHER) && !isUsed(ONE), Boolean, PATIENCE);
    await expectAllOnce(agent, running);
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === SIX));
  if (!hasIpv6) process.stdout.write('skipped: a backend by IPv6, since this machine has no ::1\n');
  (hasIpv6 ? it : it.skip)('is connected to there if they are of IPv6', async () => {
    const agent = await start([ONE], [SIX]);
    const running = traffic(agent);
    dns.addresses = [SIX];
    await until(() => isUsed(SIX) && !isUsed(ONE), Boolean, PATIENCE);
    await expectAllOnce(agent, running);
  });
});

describe('a backend whose name vanishes', () => {
  it('stays connected, and the log says why nothing replaces the connection', async () => {
    const agent = await start([ONE]);
    const running = traffic(agent);
    dns.addresses = [];
    await until(() => logged.some((line) => /not taken in place of .*ENOTFOUND/.test(line)), Boolean, PATIENCE);
    expect(isUsed(ONE)).toBe(true);
    expect(agent.status().registration.phase).toBe('connected');
    await expectAllOnce(agent, running);
  });

  it('is found again when the name is back, though the connection was lost meanwhile', async () => {
    const agent = await start([ONE], [OTHER]);
    const running = traffic(agent);
    await agent.flush();
    dns.addresses = [];
    await places[0]!.close();
    await until(() => /ENOTFOUND/.test(agent.status().heartbeat.lastError ?? ''), Boolean, PATIENCE);
    dns.addresses = [OTHER];
    await until(() => isUsed(OTHER) && agent.status().registration.phase === 'connected', Boolean, PATIENCE);
    isWanted = false;
    await running;
    await agent.flush();
    const { segments, registration } = agent.status();
    expect(segments).toMatchObject({ sent: segments.accepted, dropped: 0 });
    expect(registration.epoch).toBe(1);
  });
});
