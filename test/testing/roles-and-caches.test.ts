import { keeperOf } from '../../src/testing/cluster/keeper';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { Chance } from '../control/fuzz/chance';
import { startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';
import { TestAgent } from './client';

const PATIENCE = { timeoutMs: 30_000 };

let collector: Collector;
let clients: TestAgent[];

async function begin(options: CollectorOptions): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, ...options });
  clients = collector.addresses.map((address) => new TestAgent(address));
}

afterEach(async () => {
  await stopOwn();
  for (const client of clients) client.close();
  await collector.stop();
});

describe('a storage that is emptied under running nodes', () => {
  it('leaves the old ids to the names that the nodes know, and gives them to new names as well, until they are restarted', async () => {
    await begin({ nodes: 2 });
    for (const client of clients) expect(await client.serviceId('orders')).toBe(2);
    await collector.emptyStorage();
    expect(collector.services()).toEqual([]);
    for (const client of clients) expect(await client.serviceId('orders')).toBe(2);
    for (const client of clients) expect(await client.serviceId('stock')).toBe(2);
    expect(collector.services()).toEqual([{ id: 2, name: 'stock' }]);
    await collector.restart();
    for (const client of clients) expect(await client.serviceId('stock')).toBe(2);
    for (const client of clients) expect(await client.serviceId('orders')).toBe(3);
  });

  it('is noticed by no agent, and by no reset, before the nodes are restarted', async () => {
    await begin({ nodes: 1 });
    const agent = startOwn({ backends: collector.address, heartbeatMs: 500 });
    await agent.ready();
    await collector.emptyStorage();
    const { service, instance } = await agent.reset();
    expect([service.to, instance.to]).toEqual([service.from, instance.from]);
    expect(collector.instances()).toEqual([]);
    const { epoch } = agent.status().registration;
    await collector.restart();
    await until(() => collector.instances(), ({ length }) => length === 1, PATIENCE); // prettier-ignore
    await until(() => agent.status().registration, (now) => now.epoch > epoch && now.phase === 'registered', PATIENCE); // prettier-ignore
  });

  it('has no instance of v3 that the nodes know, whatever it tells, before they are restarted', async () => {
    await begin({ nodes: 1, protocol: 'v3' });
    const agent = startOwn({ backends: collector.address, heartbeatMs: 500 });
    await agent.ready();
    await collector.emptyStorage();
    await agent.reset();
    expect(collector.instances()).toEqual([]);
    await collector.restart();
    await until(() => collector.instances(), ({ length }) => length === 1, PATIENCE); // prettier-ignore
  });
});

describe('nodes of different roles', () => {
  it('give out ids where one of them is no receiver, and say who does', async () => {
    await begin({ nodes: 3, port: 0, roles: ['receiver', 'aggregator', 'receiver'], ttlMs: 60_000 });
    const [receiver, aggregator, other] = collector.addresses;
    expect(collector.nodes()).toEqual([
      { address: receiver, role: 'receiver', isUp: true, givesIds: false, deletesOldData: false },
      { address: aggregator, role: 'aggregator', isUp: true, givesIds: true, deletesOldData: true },
      { address: other, role: 'receiver', isUp: true, givesIds: false, deletesOldData: false },
    ]);
    for (const at of [0, 2]) expect(await clients[at]!.serviceId('orders')).toBe(2);
    expect((await clients[1]!.registerServices('orders')).status).toBe('UNIMPLEMENTED');
    await collector.stopNode(1);
    expect((await clients[0]!.registerServices('orders')).value).toEqual({ services: [{ key: 'orders', value: 2 }] });
    for (let question = 0; question < 3; question++)
      expect((await clients[0]!.registerServices('stock')).value).toEqual({});
    await collector.startNode(1);
    expect(await clients[0]!.serviceId('stock')).toBe(3);
  });

  it('are faults where there is no such role', async () => {
    await begin({});
    await expect(startCollector({ roles: ['keeper' as never] })).rejects.toThrow(/roles/);
  });

  it('are left by an agent that takes an aggregator for a backend', async () => {
    await begin({ nodes: 2, protocol: 'v3', roles: ['aggregator', 'receiver'] });
    const agent = startOwn({ backends: collector.addresses.join(',') });
    await agent.ready(PATIENCE.timeoutMs);
    expect(agent.status().backend).toBe(collector.addresses[1]);
  });
});

it('nodes that see each other in an order of their own have one keeper all the same, since they sort', async () => {
  await begin({});
  const chance = new Chance(1);
  const members = ['127.0.0.1:20001', '127.0.0.1:20002', '127.0.0.1:20003'];
  const shuffled = (): string[] =>
    members
      .map((member) => ({ member, order: chance.random() }))
      .sort((one, other) => one.order - other.order)
      .map(({ member }) => member);
  for (let round = 0; round < 100; round++) {
    const views = members.map((member) => ({ member, seen: shuffled() }));
    expect(views.filter(({ member, seen }) => keeperOf(seen) === member)).toHaveLength(1);
  }
});
