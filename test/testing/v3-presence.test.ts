import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import { pairs, V3TestAgent } from './v3-client';

let collector: Collector;
let agent: V3TestAgent;

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ protocol: 'v3', ...options });
  agent = new V3TestAgent(collector.address);
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

const names = (): unknown => [
  collector.services().map(({ name }) => name),
  collector.instances().map(({ uuid }) => uuid),
];

describe('a heartbeat of v3', () => {
  it('makes service and instance known by their names, and is answered by nothing', async () => {
    const clock = new FakeClock();
    await begin({ clock });
    expect(await agent.keepAlive('orders', 'orders-1')).toMatchObject({ status: 'OK', bytes: Buffer.alloc(0) });
    const at = collector.heartbeats()[0]!.at;
    expect(collector.services()).toEqual([{ id: 0, name: 'orders' }]);
    expect(collector.instances()).toEqual([
      {
        ...{ id: 0, serviceId: 0, service: 'orders', uuid: 'orders-1', name: 'orders-1' },
        ...{ properties: [], registeredAt: at, heartbeatAt: at },
      },
    ]);
    expect(collector.heartbeats()).toEqual([
      { at, node: 0, instanceId: 0, service: 'orders', uuid: 'orders-1', time: 0, reset: false },
    ]);
    expect(collector.networkAddresses()).toEqual([]);

    await clock.advance(30_000);
    await agent.keepAlive('orders', 'orders-1');
    const [instance] = collector.instances();
    expect(Date.parse(instance!.heartbeatAt!) - Date.parse(instance!.registeredAt)).toBe(30_000);
    expect(collector.heartbeats()).toHaveLength(2);
  });

  it('counts for the instance of that service, and no other of that name', async () => {
    await begin();
    await agent.report('orders', 'one', {});
    await agent.keepAlive('billing', 'one');
    expect(collector.instances().map(({ service, heartbeatAt }) => [service, heartbeatAt !== null])).toEqual([
      ['orders', false],
      ['billing', true],
    ]);
  });

  it('has its names cut where they are longer than the server takes', async () => {
    await begin();
    await agent.keepAlive('s'.repeat(71), 'i'.repeat(71));
    await agent.keepAlive('t'.repeat(70), 'j'.repeat(70));
    expect(names()).toEqual([
      ['s'.repeat(70), 't'.repeat(70)],
      ['i'.repeat(70), 'j'.repeat(70)],
    ]);
  });
});

describe('properties', () => {
  const JAVA = { 'OS Name': 'Linux', hostname: 'web-1', 'Process No.': '42', language: 'nodejs' };
  const ofFirst = (): unknown => collector.instances()[0]?.properties;

  it('are shown as they came, addresses as a list, of another key that repeats the last one', async () => {
    await begin();
    await agent.keepAlive('orders', 'orders-1');
    const twice = [
      ...pairs({ ipv4: '10.0.0.1' }),
      ...pairs({ a: '1' }),
      ...pairs({ ipv4: '10.0.0.2' }),
      ...pairs({ a: '2' }),
    ];
    await agent.reportPairs('orders', 'orders-1', [...pairs(JAVA), ...twice]);
    expect(ofFirst()).toEqual([
      ...pairs(JAVA),
      ...pairs({ ipv4: '10.0.0.1' }),
      ...pairs({ ipv4: '10.0.0.2' }),
      ...pairs({ a: '2' }),
    ]);
  });

  it('that come again replace those of their keys; others stay, but addresses never do', async () => {
    await begin();
    await agent.report('orders', 'orders-1', { a: '1', b: '2', ipv4: '10.0.0.1' });
    await agent.report('orders', 'orders-1', { a: '3' });
    expect(ofFirst()).toEqual(pairs({ a: '3', b: '2' }));
    await agent.keepAlive('orders', 'orders-1');
    expect(ofFirst()).toEqual(pairs({ a: '3', b: '2' }));
    await agent.report('orders', 'orders-1', {});
    expect(ofFirst()).toEqual(pairs({ a: '3', b: '2' }));
  });

  it('make the instance known, but not its service', async () => {
    await begin();
    await agent.report('orders', 'orders-1', JAVA);
    expect(names()).toEqual([[], ['orders-1']]);
    await agent.keepAlive('orders', 'orders-1');
    expect(names()).toEqual([['orders'], ['orders-1']]);
  });

  it('are gone with the storage, and heartbeats alone do not bring them back', async () => {
    await begin();
    await agent.keepAlive('orders', 'orders-1');
    await agent.report('orders', 'orders-1', JAVA);
    await collector.wipe();
    expect([names(), collector.heartbeats()]).toEqual([[[], []], []]);
    await until(
      () => agent.keepAlive('orders', 'orders-1'),
      ({ status }) => status === 'OK',
    );
    expect([names(), ofFirst()]).toEqual([[['orders'], ['orders-1']], []]);
    await agent.report('orders', 'orders-1', JAVA);
    expect(ofFirst()).toEqual(pairs(JAVA));
  });

  it('are there after a restart, and on whichever node they came', async () => {
    await begin({ nodes: 2 });
    const other = new V3TestAgent(collector.addresses[1]!);
    await other.report('orders', 'orders-1', JAVA);
    await agent.keepAlive('orders', 'orders-1');
    other.close();
    await collector.restart();
    expect([names(), ofFirst()]).toEqual([[['orders'], ['orders-1']], pairs(JAVA)]);
    expect(collector.heartbeats()).toHaveLength(1);
  });

  it('that were under way when the backend went down lead to nothing', async () => {
    await begin();
    collector.faults.add({ fault: { type: 'delay', ms: 150 } });
    const segment = { traceId: 't', traceSegmentId: 's', service: 'late', spans: [{ spanId: 0, startTime: 1 }] };
    const calls = [
      agent.report('late', 'late-1', JAVA),
      agent.keepAlive('late', 'late-1'),
      agent.send(segment),
      agent.sendInSync(segment),
    ];
    await until(() => collector.calls().length === 4);
    await collector.wipe();
    await Promise.all(calls);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([names(), collector.heartbeats(), collector.endpoints(), collector.segments()]).toEqual([
      [[], []],
      [],
      [],
      [],
    ]);
  });
});

it('answers words that are no message, or no UTF-8, as the real server does', async () => {
  await begin();
  const answer = { status: 'UNKNOWN', details: 'Application error processing RPC' };
  const keepAlive = agent.path('ManagementService/keepAlive');
  expect(await agent.ask(keepAlive, Buffer.alloc(5, 0xff))).toMatchObject(answer);
  expect(await agent.ask(keepAlive, Buffer.from('0a02c328', 'hex'))).toMatchObject(answer);
  expect([names(), collector.calls().map(({ request }) => request)]).toEqual([
    [[], []],
    [null, null],
  ]);
});
