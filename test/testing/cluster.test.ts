import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { Keeper, keeperOf } from '../../src/testing/cluster/keeper';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import { TestAgent } from './client';

let collector: Collector;
let agents: TestAgent[];

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, nodes: 3, ...options });
  agents = collector.addresses.map((address) => new TestAgent(address));
}

afterEach(async () => {
  for (const agent of agents) agent.close();
  await collector.stop();
});

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** From 2 on, without a gap or a repetition. */
const dense = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 2);

it('gives a name one id and no id twice, whichever node is asked, by many at once and in any order', async () => {
  await begin();
  const names = numbered('name', 20);
  const ask = agents.flatMap((agent, index) => {
    const own = index % 2 ? [...names].reverse() : names;
    return own.map(async (name) => ({
      name,
      service: await agent.serviceId(name),
      address: await agent.addressId(`${name}:80`),
      endpoint: await agent.endpointId(1, name),
      instance: await agent.instanceId(1, name),
    }));
  });
  const answers = await Promise.all(ask);
  for (const kind of ['service', 'address', 'endpoint', 'instance'] as const) {
    const ids = new Map<string, number>();
    for (const answer of answers) {
      expect([kind, answer.name, ids.get(answer.name) ?? answer[kind]]).toEqual([kind, answer.name, answer[kind]]);
      ids.set(answer.name, answer[kind]);
    }
    expect(new Set(ids.values()).size).toBe(names.length);
  }
  expect(collector.services()).toHaveLength(20);
  // Half of the services and instances stand for addresses.
  const services = [
    ...collector.services().map(({ id }) => id),
    ...collector.networkAddresses().map((row) => row.serviceId),
  ];
  expect(services.sort((left, right) => left - right)).toEqual(dense(40));
  expect(collector.endpoints().map(({ id }) => id)).toEqual(dense(20));
});

it('lets every node know what another one gave out: ids, heartbeats, segments, UNKNOWN', async () => {
  await begin();
  const [one, two, three] = agents as [TestAgent, TestAgent, TestAgent];
  const serviceId = await one.serviceId('orders');
  const instanceId = await two.instanceId(serviceId, 'orders-1');
  const operationNameId = await one.endpointId(serviceId, '/');
  // What one node has given out, the others know at the first question.
  expect((await three.registerServices('orders')).value).toEqual({ services: [{ key: 'orders', value: serviceId }] });
  expect((await three.ping(instanceId, 'orders-1')).value).toEqual({});
  await three.send({
    ...{ serviceId, serviceInstanceId: instanceId, traceIds: ['1.2.3'], segmentId: '1.2.3' },
    spans: [{ spanId: 0, parentSpanId: -1, operationNameId }],
  });
  expect(collector.segments()).toMatchObject([{ node: 2, service: 'orders', instance: 'orders-1' }]);
  expect(collector.heartbeats()).toMatchObject([{ node: 2, reset: false }]);
  expect((await three.registerInstances([99, 'x'])).status).toBe('UNKNOWN');
});

it('goes on while a node is lost, and has it back on its port, knowing what it missed', async () => {
  await begin();
  const before = await agents[0]!.serviceId('orders');
  await collector.stopNode(0);
  expect((await agents[0]!.ping(1, 'one')).status).toBe('UNAVAILABLE');
  expect(await agents[1]!.serviceId('orders')).toBe(before);
  const missed = await agents[1]!.serviceId('billing');
  const { addresses } = collector;
  await collector.startNode(0);
  await collector.startNode(0);
  expect(collector.addresses).toEqual(addresses);
  expect(await agents[0]!.serviceId('billing')).toBe(missed);
  await expect(collector.stopNode(3)).rejects.toThrow('there is no node 3, only 0 to 2');
});

it('answers new names of none, and known ones of all, while the first node is dead and its session lives', async () => {
  const clock = new FakeClock();
  await begin({ clock, sessionMs: 4_000 });
  const first = [...collector.addresses].sort()[0]!;
  const others = agents.filter((_, index) => collector.addresses[index] !== first);
  const asked = async (name: string) => (await others[0]!.registerServices(name)).value;
  await asked('orders');
  await clock.advance(1);
  const known = { services: [{ key: 'orders', value: 2 }] };
  expect(await asked('orders')).toEqual(known);
  await collector.stopNode(collector.addresses.indexOf(first));
  for (const agent of others) expect((await agent.registerServices('orders')).value).toEqual(known);
  expect(await asked('stock')).toEqual({});
  await clock.advance(3_999);
  expect(await asked('stock')).toEqual({});
  await clock.advance(1);
  expect(await asked('stock')).toEqual({});
  await clock.advance(1);
  expect(await asked('stock')).toEqual({ services: [{ key: 'stock', value: 3 }] });
});

it('answers new names again as soon as the first node is back, and without a pause when another one dies', async () => {
  const clock = new FakeClock();
  await begin({ clock, sessionMs: 4_000 });
  const inOrder = [...collector.addresses].sort().map((address) => collector.addresses.indexOf(address));
  const id = async (name: string): Promise<unknown> => {
    await agents[inOrder[1]!]!.registerServices(name);
    await clock.advance(1);
    return (await agents[inOrder[1]!]!.registerServices(name)).value;
  };
  await collector.stopNode(inOrder[2]!);
  expect(await id('orders')).toEqual({ services: [{ key: 'orders', value: 2 }] });
  await collector.stopNode(inOrder[0]!);
  expect(await id('stock')).toEqual({});
  await collector.startNode(inOrder[0]!);
  expect(await id('stock')).toEqual({ services: [{ key: 'stock', value: 3 }] });
});

it('wipes the nodes that are down too, and brings them up', async () => {
  await begin();
  await agents[0]!.serviceId('orders');
  await collector.stopNode(0);
  await collector.wipe();
  expect(collector.services()).toEqual([]);
  expect(await agents[0]!.serviceId('billing')).toBe(2);
});

describe('the keeper', () => {
  it('is the same for everybody, in whatever order the nodes are told', () => {
    const nodes = ['127.0.0.1:9999', '127.0.0.1:20000', '127.0.0.1:10000'];
    for (const told of [nodes, [...nodes].reverse(), [nodes[2]!, nodes[0]!, nodes[1]!]]) {
      expect(keeperOf(told)).toBe('127.0.0.1:10000');
    }
    expect(keeperOf([])).toBeUndefined();
  });

  it('works alone: the others of the list look on', async () => {
    const clock = new FakeClock();
    const members = ['b:1', 'a:1', 'c:1'];
    const worked: string[] = [];
    const logger = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };
    const keepers = members.map(
      (address) =>
        new Keeper({
          ...{ address, ttlMs: 1_000, clock, logger },
          members: () => members,
          expire: (ageMs) => worked.push(`${address} ${ageMs}`),
        }),
    );
    for (const keeper of keepers) keeper.start();
    await clock.advance(500);
    expect(worked).toEqual(['a:1 1000', 'a:1 1000']);
    members.splice(1, 1);
    await clock.advance(250);
    expect(worked).toEqual(['a:1 1000', 'a:1 1000', 'b:1 1000']);
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    expect(clock.pending).toBe(0);
  });

  const first = (addresses: readonly string[]): string => [...addresses].sort()[0]!;

  it('is the first of the sorted list of living nodes, whatever their numbers', async () => {
    await begin({ ttlMs: 1_000 });
    const alive = [...collector.addresses];
    while (alive.length > 0) {
      expect(collector.keeper).toBe(first(alive));
      const lost = alive.splice(alive.indexOf(first(alive)), 1)[0]!;
      await collector.stopNode(collector.addresses.indexOf(lost));
    }
    expect(collector.keeper).toBeUndefined();
    await collector.startNode(2);
    expect(collector.keeper).toBe(collector.addresses[2]);
    await collector.startNode(0);
    expect(collector.keeper).toBe(first([collector.addresses[0]!, collector.addresses[2]!]));
  });

  it('removes heartbeats and segments that are too old, also after the first one was lost, and never a registration', async () => {
    const clock = new FakeClock();
    await begin({ clock, ttlMs: 1_000 });
    const send = async () => {
      const agent = new TestAgent(collector.keeper!);
      await agent.ping(1, 'one');
      for (const operationNameId of [1, 99]) {
        await agent.send({
          ...{ serviceId: 1, serviceInstanceId: 1, traceIds: ['1.2.3'], segmentId: '1.2.3' },
          spans: [{ spanId: 0, parentSpanId: -1, operationNameId }],
        });
      }
      await agent.registerServices('orders');
      agent.close();
    };
    const records = () => [
      collector.heartbeats().length,
      collector.segments().length,
      collector.droppedSegments().length,
    ];
    for (const node of [0, 1, 2]) {
      await send();
      expect(records()).toEqual([1, 1, 1]);
      await clock.advance(900);
      expect(records()).toEqual([1, 1, 1]);
      // A node is lost just before: another one has to do it.
      await collector.stopNode(collector.addresses.indexOf(collector.keeper!));
      if (node === 2) break;
      await clock.advance(400);
      expect(records()).toEqual([0, 0, 0]);
    }
    // No node is left to do it.
    await clock.advance(5_000);
    expect(records()).toEqual([1, 1, 1]);
    expect(collector.services()).toEqual([{ id: 2, name: 'orders' }]);
    expect(collector.calls().length).toBeGreaterThan(0);
  });

  it('has nothing to do unless it is told how old a record may become', async () => {
    const clock = new FakeClock();
    await begin({ clock });
    await agents[0]!.ping(1, 'one');
    await clock.advance(10 * 365 * 24 * 3_600_000);
    expect(collector.heartbeats()).toHaveLength(1);
  });
});

it('takes up the names of one node where another one had been asked first', async () => {
  await begin({ idDelayMs: 50 });
  await agents[0]!.registerServices('orders');
  await agents[1]!.registerServices('orders');
  await until(() => collector.services().length);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(collector.services()).toEqual([{ id: 2, name: 'orders' }]);
});
