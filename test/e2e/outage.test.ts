import path from 'node:path';
import type { Status } from '../../src/api/status';
import type { CollectorOptions, Protocol, SegmentRecord } from '../../src/testing/index';
import type { App, AppOptions } from '../support/app';
import { Site } from '../support/agent-fleet';
import { firstOfEach } from '../support/first-of-each';
import { until } from '../support/until';

const fixture = (name: string): string => path.join(__dirname, '..', '..', 'fixtures', 'apps', name);

/** What two agents need that wait five seconds between two attempts, on a busy machine. */
const PATIENCE = { timeoutMs: 40_000 };
const PROTOCOLS: readonly Protocol[] = ['v2', 'v3'];

jest.setTimeout(120_000);

let site: Site;
let traffic: Traffic | undefined;

afterEach(async () => {
  await traffic?.stop();
  traffic = undefined;
  await site.close();
});

/** One request after the other, without a pause longer than a few milliseconds. */
class Traffic {
  asked = 0;
  private isWanted = true;
  private readonly over: Promise<void>;

  constructor(private readonly app: App) {
    this.over = this.run();
  }

  /** Resolves when that many more have been answered. */
  async more(requests: number): Promise<void> {
    const wanted = this.asked + requests;
    await until(() => this.asked >= wanted, Boolean, PATIENCE);
  }

  /** Twice is once. */
  stop(): Promise<void> {
    this.isWanted = false;
    return this.over;
  }

  private async run(): Promise<void> {
    while (this.isWanted) {
      if ((await this.app.visit('/prices/7')) === 200) this.asked++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** `prices` asks `ledger`, both with the agent in them. @param backendOf a service; default: every node */
async function startPair(options: AppOptions = {}, backendOf?: (service: string) => string): Promise<App> {
  const start = (service: string, ...args: string[]): App =>
    site.start(fixture(`${service}.js`), {
      args: [...args, `--skyanchor-instance-name=${service}-1`, '--skyanchor-heartbeat-ms', '1000'],
      env: {
        SW_AGENT_NAME: service,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: backendOf?.(service) ?? site.collector.addresses.join(','),
        ...options.env,
      },
    });
  const ledger = start('ledger');
  const prices = start('prices', `http://127.0.0.1:${await ledger.port()}`);
  await prices.port();
  return prices;
}

/** The statuses of both, as they are now. */
async function statuses(): Promise<Readonly<Record<'prices' | 'ledger', Status>>> {
  const id = `r${site.operator.stamps().length}`;
  await site.operator.append(`report id=${id}`);
  for (const instance of ['prices-1', 'ledger-1'])
    await until(() => site.answers(instance).includes(`done ${id}`), Boolean, PATIENCE);
  const { 'prices-1': prices, 'ledger-1': ledger } = site.statuses();
  return { prices: prices!, ledger: ledger! };
}

const areKnown = (found: Readonly<Record<string, Status>>): boolean =>
  ['prices-1', 'ledger-1'].every((name) => /^(registered|connected)$/.test(found[name]?.registration.phase ?? ''));

const known = () => until(() => site.statuses(), areKnown, PATIENCE);

const segmentsOf = (service: string): SegmentRecord[] =>
  firstOfEach(site.collector.segments().filter((segment) => segment.service === service));

const refsOf = ({ spans }: SegmentRecord) => spans.flatMap(({ refs }) => refs);

/** Traffic that is joined: each has sent its first segments, and the callee knows who called. */
async function startTraffic(app: App): Promise<Traffic> {
  traffic = new Traffic(app);
  await until(() => segmentsOf('ledger').some((segment) => refsOf(segment).length > 0), Boolean, PATIENCE);
  return traffic;
}

/** No more traffic, and the backend has all that was traced, but for what went under with a connection. */
async function settled(): Promise<Readonly<Record<'prices' | 'ledger', Status>>> {
  await traffic?.stop();
  const isSettled = ({ segments }: Status): boolean =>
    segments.accepted === traffic?.asked && segments.sent + segments.dropped === segments.accepted;
  return until(statuses, ({ prices, ledger }) => isSettled(prices) && isSettled(ledger), PATIENCE);
}

/**
 * No call that the backend has been told of is shown without its caller. What went under with a connection is sent
 * again, and counts once.
 */
function expectWhole({ prices, ledger }: Readonly<Record<'prices' | 'ledger', Status>>, unjoined = 0): void {
  const [callers, callees] = [segmentsOf('prices'), segmentsOf('ledger')];
  expect(site.collector.droppedSegments()).toEqual([]);
  for (const [shown, { segments }] of [
    [callers, prices],
    [callees, ledger],
  ] as const) {
    expect(shown.length).toBeGreaterThanOrEqual(segments.sent);
    expect(shown.length).toBeLessThanOrEqual(segments.accepted);
    expect(segments.sent).toBeGreaterThanOrEqual(300);
    expect(Object.keys(segments.droppedBecause)).toEqual(segments.dropped > 0 ? ['fate-unknown'] : []);
  }
  expect(callees.filter((segment) => refsOf(segment).length !== 1).length).toBe(unjoined);
  const shown = new Set(callers.map(({ segmentId }) => segmentId));
  const parents = callees.flatMap(refsOf).map(({ parentSegmentId }) => parentSegmentId);
  expect(new Set(parents).size).toBe(parents.length);
  expect(parents.filter((parent) => !shown.has(parent)).length).toBeLessThanOrEqual(prices.segments.dropped);
  const instances = site.collector.instances().map(({ uuid }) => uuid);
  expect(new Set(callees.flatMap(refsOf).map(({ parentInstance }) => parentInstance))).toEqual(new Set(['prices-1']));
  expect(instances.sort()).toEqual(['ledger-1', 'prices-1']);
}

const open = (options: CollectorOptions): Promise<Site> => Site.open({ idDelayMs: 10, ...options });

describe.each(PROTOCOLS)('two services whose backend of %s is away for some seconds', (protocol) => {
  it('stay in one trace a request, though requests never stop', async () => {
    site = await open({ protocol });
    const app = await startPair();
    await known();
    const joined = await startTraffic(app);
    const unjoined = segmentsOf('ledger').filter((segment) => refsOf(segment).length === 0).length;
    await site.collector.restart(() => joined.more(300));
    await joined.more(100);
    expectWhole(await settled(), unjoined);
  });

  it('stay so while the nodes of a cluster are restarted one after the other', async () => {
    site = await open({ protocol, nodes: 3 });
    const app = await startPair();
    await known();
    const joined = await startTraffic(app);
    const unjoined = segmentsOf('ledger').filter((segment) => refsOf(segment).length === 0).length;
    for (let round = 0; round < 2; round++) {
      for (const node of [0, 1, 2]) {
        await site.collector.stopNode(node);
        await joined.more(50);
        await site.collector.startNode(node);
        await joined.more(10);
      }
    }
    expectWhole(await settled(), unjoined);
  });
});

describe('two services whose backend of v3 comes after their first requests', () => {
  it.each(['auto', 'v3'])('are in one trace a request from the first on, with the protocol %s', async (protocol) => {
    site = await open({ protocol: 'v3' });
    await site.collector.stopNode(0);
    const app = await startPair({ env: { SW_AGENT_PROTOCOL: protocol } });
    await until(() => ['prices-1', 'ledger-1'].every((name) => site.statuses()[name]?.instance === name), Boolean, PATIENCE); // prettier-ignore
    traffic = new Traffic(app);
    await traffic.more(200);
    await site.collector.startNode(0);
    await traffic.more(100);
    expectWhole(await settled());
  });
});

describe('two services whose backend of v2 loses its storage under load', () => {
  it('lose no segment in silence, are in one trace a request all the time, and show the caller again as soon as both have registered', async () => {
    site = await open({ protocol: 'v2', nodes: 2 });
    const { collector } = site;
    const app = await startPair({}, (service) => collector.addresses[service === 'ledger' ? 0 : 1]!);
    await known();
    const joined = await startTraffic(app);
    // The caller learns of it later than the callee, and goes by its ids of before until then.
    const fault = collector.faults.add({ node: 1, fault: { type: 'refuse' } });
    await collector.wipe(() => joined.more(150));
    const wipedAt = Date.now();
    const registered = (): string[] => collector.instances().map(({ uuid }) => uuid);
    await until(registered, (names) => names.includes('ledger-1'), PATIENCE);
    expect(registered()).toEqual(['ledger-1']);
    // Few: the callee waits for the caller's next attempt by how long it was away itself.
    await joined.more(10);
    fault.remove();
    await until(() => site.statuses(), (found) => areKnown(found) && Object.values(found).every(({ registration }) => registration.epoch === 2), PATIENCE); // prettier-ignore
    await until(() => segmentsOf('ledger').some((segment) => refsOf(segment).length > 0), Boolean, PATIENCE);
    const since = Date.now();
    await joined.more(150);
    const { prices } = await settled();
    expect(site.collector.droppedSegments()).toEqual([]);
    const callees = segmentsOf('ledger');
    const traces = new Set(segmentsOf('prices').map(({ traceId }) => traceId));
    const afterWipe = callees.filter(({ spans }) => spans[0]!.startTime >= wipedAt);
    expect(afterWipe.length).toBeGreaterThanOrEqual(150);
    expect(afterWipe.filter(({ traceId }) => !traces.has(traceId)).length).toBeLessThanOrEqual(prices.segments.dropped);
    const later = callees.filter(({ spans }) => spans[0]!.startTime >= since);
    expect(later.length).toBeGreaterThanOrEqual(100);
    expect(later.filter((segment) => refsOf(segment).length !== 1).length).toBe(0);
    for (const { parentInstance } of callees.flatMap(refsOf)) expect(parentInstance).toBe('prices-1');
  });
});
