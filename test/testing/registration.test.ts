import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import { encode, TestAgent } from './client';

let collector: Collector;
let agent: TestAgent;

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, ...options });
  agent = new TestAgent(collector.address);
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

describe('services', () => {
  it('leaves a new name out of the first answer, and has its id in the next one, even without any delay', async () => {
    await begin();
    expect((await agent.registerServices('orders')).value).toEqual({});
    await until(() => collector.services().length);
    expect((await agent.registerServices('orders')).value).toEqual({ services: [{ key: 'orders', value: 2 }] });
    expect(collector.services()).toEqual([{ id: 2, name: 'orders' }]);
  });

  it('gives an id so long after the question as it is told to', async () => {
    const clock = new FakeClock();
    await begin({ clock, idDelayMs: 200 });
    await agent.registerServices('orders');
    await clock.advance(100);
    await agent.registerServices('orders');
    await clock.advance(99);
    expect(collector.services()).toEqual([]);
    await clock.advance(1);
    expect(collector.services()).toEqual([{ id: 2, name: 'orders' }]);
    // The second question created nothing.
    await clock.advance(1_000);
    expect(collector.services()).toHaveLength(1);
  });

  it('gives 200 ms as the delay of a real server', async () => {
    const clock = new FakeClock();
    collector = await startCollector({ clock });
    agent = new TestAgent(collector.address);
    await agent.registerServices('orders');
    await clock.advance(199);
    expect(collector.services()).toEqual([]);
    await clock.advance(1);
    expect(collector.services()).toHaveLength(1);
  });

  it('counts ids from 2, gives the same name the same one, and answers a name twice that is asked for twice', async () => {
    await begin();
    await agent.registerServices('a', 'b', 'a');
    await until(() => collector.services().length === 2);
    expect((await agent.registerServices('b', 'a', 'b', 'c')).value).toEqual({
      services: [
        { key: 'b', value: 3 },
        { key: 'a', value: 2 },
        { key: 'b', value: 3 },
      ],
    });
  });

  it('takes an empty name for a name', async () => {
    await begin();
    expect(await agent.serviceId('')).toBe(2);
    expect(collector.services()).toEqual([{ id: 2, name: '' }]);
  });

  it('never gives an id to a name that the tables of a real server are too small for, and goes on with the others', async () => {
    await begin();
    const [fits, tooLong] = ['x'.repeat(296), 'y'.repeat(297)];
    await agent.registerServices(tooLong, fits);
    await until(() => collector.services().length);
    expect(collector.services()).toEqual([{ id: 2, name: fits }]);
    expect((await agent.registerServices(tooLong)).value).toEqual({});
  });

  it('does not mistake words that every object knows for names it has', async () => {
    await begin();
    for (const name of ['__proto__', 'constructor', 'toString']) expect(await agent.serviceId(name)).toBeGreaterThan(1);
    expect(collector.services().map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString']);
  });

  it('answers bytes that are no message, and strings that are no UTF-8, with UNKNOWN', async () => {
    await begin();
    for (const bytes of [Buffer.from('ffffff', 'hex'), Buffer.from('0a050a03eda080', 'hex')]) {
      expect(await agent.bytes('doServiceRegister', bytes)).toMatchObject({ status: 'UNKNOWN', details: '' });
    }
    expect(collector.calls().map(({ request, status }) => [request, status])).toEqual([
      [null, 'UNKNOWN'],
      [null, 'UNKNOWN'],
    ]);
  });
});

describe('instances', () => {
  it('are told apart by service and uuid, and keep the properties they were created with', async () => {
    await begin();
    const [orders, billing] = [await agent.serviceId('orders'), await agent.serviceId('billing')];
    const register = (serviceId: number, pid: string) =>
      agent.call('doServiceInstanceRegister', {
        instances: [
          {
            serviceId,
            instanceUUID: 'one',
            time: Date.UTC(2026, 10, 21, 21, 10),
            properties: [
              { key: 'process_no', value: pid },
              { key: 'host_name', value: 'web-1' },
              { key: 'ipv4', value: '10.0.0.1' },
              { key: 'ipv4', value: '10.0.0.2' },
              { key: 'instance_name', value: 'one' },
            ],
          },
        ],
      });
    expect((await register(orders, '11')).value).toEqual({});
    await until(() => collector.instances().length === 1);
    expect((await register(orders, '99')).value).toEqual({ serviceInstances: [{ key: 'one', value: 2 }] });
    await register(billing, '12');
    await until(() => collector.instances().length === 2);

    expect(collector.instances()[0]).toEqual({
      id: 2,
      serviceId: orders,
      service: 'orders',
      uuid: 'one',
      name: 'orders-pid:11@web-1',
      properties: [
        { key: 'process_no', value: '11' },
        { key: 'host_name', value: 'web-1' },
        { key: 'ipv4', value: '10.0.0.1' },
        { key: 'ipv4', value: '10.0.0.2' },
        { key: 'instance_name', value: 'one' },
      ],
      registeredAt: '2026-11-21T21:10:00.000Z',
      heartbeatAt: null,
    });
    expect(collector.instances()[1]).toMatchObject({ id: 3, service: 'billing', name: 'billing-pid:12@web-1' });
  });

  it('show the name of the service alone where no process and no host are told', async () => {
    await begin();
    await agent.instanceId(await agent.serviceId('orders'), 'one');
    expect(collector.instances()[0]?.name).toBe('orders');
  });

  it('are refused with UNKNOWN under a service id that is stale, those before it in the batch are created all the same', async () => {
    await begin();
    const orders = await agent.serviceId('orders');
    for (const stale of [0, 99]) expect((await agent.registerInstances([stale, 'x'])).status).toBe('UNKNOWN');
    const refused = await agent.registerInstances([orders, 'before'], [99, 'stale'], [orders, 'after']);
    expect(refused).toMatchObject({ status: 'UNKNOWN', details: '' });
    await until(() => collector.instances().length);
    expect(collector.instances().map(({ uuid }) => uuid)).toEqual(['before']);
  });

  it('may be registered under the service that is built in, which is not listed', async () => {
    await begin();
    expect(await agent.instanceId(1, 'one')).toBe(2);
    expect(collector.instances()).toMatchObject([{ service: 'User' }]);
    expect(collector.services()).toEqual([]);
  });

  it('survive a time that no calendar has', async () => {
    await begin();
    const serviceId = await agent.serviceId('orders');
    await agent.call('doServiceInstanceRegister', {
      instances: [{ serviceId, instanceUUID: 'one', time: '9223372036854775807' }],
    });
    await until(() => collector.instances().length);
    expect(Date.parse(collector.instances()[0]!.registeredAt)).toBeLessThanOrEqual(Date.now());
  });
});

describe('network addresses', () => {
  it('have their id in the fourth answer: address, service and instance come into being one call after the other', async () => {
    await begin();
    for (const [serviceId, instanceId] of [
      [0, 0],
      [2, 0],
      [2, 2],
    ]) {
      expect((await agent.registerAddresses('db:3306')).value).toEqual({});
      const row = { id: 2, name: 'db:3306', serviceId, instanceId };
      await until(collector.networkAddresses.bind(collector), (rows) => JSON.stringify(rows) === JSON.stringify([row]));
    }
    expect((await agent.registerAddresses('db:3306', 'db:3306')).value).toEqual({
      addressIds: [
        { key: 'db:3306', value: 2 },
        { key: 'db:3306', value: 2 },
      ],
    });
  });

  it('use up a service id and an instance id each, without being listed among either', async () => {
    await begin();
    await agent.addressId('db:3306');
    const serviceId = await agent.serviceId('orders');
    expect([serviceId, await agent.instanceId(serviceId, 'one')]).toEqual([3, 3]);
    expect(collector.services()).toEqual([{ id: 3, name: 'orders' }]);
    expect(collector.instances().map(({ uuid }) => uuid)).toEqual(['one']);
  });

  it('are no services, even if one has the same name', async () => {
    await begin();
    await agent.addressId('db:3306');
    expect(await agent.serviceId('db:3306')).toBe(3);
  });

  it('come in batches where one does not hold up the others', async () => {
    await begin();
    const known = await agent.addressId('a:1');
    expect((await agent.registerAddresses('b:1', 'a:1', 'x'.repeat(301))).value).toEqual({
      addressIds: [{ key: 'a:1', value: known }],
    });
    expect(await agent.addressId('b:1')).toBe(3);
    expect(collector.networkAddresses()).toHaveLength(2);
  });
});

describe('endpoints', () => {
  it('have their id in the second answer, with the service and the side they were asked for', async () => {
    await begin();
    const serviceId = await agent.serviceId('orders');
    expect((await agent.registerEndpoints(serviceId, ['/a', '/a'])).value).toEqual({});
    await until(() => collector.endpoints().length);
    expect((await agent.registerEndpoints(serviceId, ['/a', '/b'])).value).toEqual({
      elements: [{ serviceId, endpointName: '/a', endpointId: 2, from: 'server' }],
    });
    expect(collector.endpoints()[0]).toEqual({ id: 2, serviceId, service: 'orders', name: '/a' });
  });

  it('are not asked whether their service exists', async () => {
    await begin();
    expect(await agent.endpointId(77, '/a')).toBe(2);
    expect(collector.endpoints()).toEqual([{ id: 2, serviceId: 77, service: '', name: '/a' }]);
  });

  it('of the client side are others, taken by 6.5 and not listed', async () => {
    await begin();
    const server = await agent.endpointId(5, '/a');
    await agent.registerEndpoints(5, ['/a'], 'client');
    const answer = await until(
      () => agent.registerEndpoints(5, ['/a'], 'client'),
      ({ value }) => value['elements'],
    );
    expect(answer.value['elements']?.[0]?.['endpointId']).toBe(server + 1);
    expect(collector.endpoints()).toHaveLength(1);
  });

  it('of the client side are refused by 6.6', async () => {
    await begin({ oap: '6.6' });
    await agent.registerEndpoints(5, ['/a'], 'client');
    await agent.endpointId(5, '/b');
    expect((await agent.registerEndpoints(5, ['/a'], 'client')).value).toEqual({});
  });
});

describe('a backend that has just opened its ports', () => {
  it('answers empty, and what it was asked for leads to nothing', async () => {
    const clock = new FakeClock();
    await begin({ clock, deafMs: 1_000, idDelayMs: 10 });
    await agent.registerServices('orders');
    await clock.advance(999);
    expect((await agent.registerServices('orders')).value).toEqual({});
    await clock.advance(500);
    expect(collector.services()).toEqual([]);

    await agent.registerServices('orders');
    await clock.advance(10);
    expect(collector.services()).toHaveLength(1);
  });

  it('knows what it had before, and is as deaf after every restart', async () => {
    const clock = new FakeClock();
    await begin({ clock, deafMs: 1_000, idDelayMs: 0 });
    await clock.advance(1_000);
    await agent.registerServices('orders');
    await clock.advance(1);
    await collector.restart();
    await until(async () => (await agent.registerServices('orders', 'late')).value['services']?.length === 1);
    await clock.advance(999);
    expect(collector.services()).toEqual([{ id: 2, name: 'orders' }]);
  });
});

it('writes answers as a real server does: no field that has its default', async () => {
  await begin();
  await agent.registerServices('');
  await until(() => collector.services().length);
  const { bytes } = await agent.registerServices('');
  expect(bytes).toEqual(encode('ServiceRegisterMapping', { services: [{ value: 2 }] }));
});
