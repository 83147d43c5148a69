import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError } from '../../src/api/errors';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { until } from '../support/until';
import { TestAgent } from './client';

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

const portOf = (address: string): number => Number(address.split(':')[1]);

async function registerAndTrace(name: string): Promise<readonly [serviceId: number, instanceId: number]> {
  const serviceId = await agent.serviceId(name);
  const instanceId = await agent.instanceId(serviceId, `${name}-1`);
  const operationNameId = await agent.endpointId(serviceId, '/');
  await agent.addressId(`${name}:80`);
  await agent.ping(instanceId, `${name}-1`);
  await agent.send({
    ...{ serviceId, serviceInstanceId: instanceId, traceIds: ['1.2.3'], segmentId: '1.2.3' },
    spans: [{ spanId: 0, parentSpanId: -1, operationNameId }],
  });
  await agent.send({
    ...{ serviceId: 99, serviceInstanceId: instanceId, traceIds: ['1.2.4'], segmentId: '1.2.4', spans: [] },
  });
  return [serviceId, instanceId];
}

const sizes = () => [
  collector.services().length,
  collector.instances().length,
  collector.endpoints().length,
  collector.networkAddresses().length,
  collector.heartbeats().length,
  collector.segments().length,
  collector.droppedSegments().length,
  collector.traces().length,
];

describe('a wipe', () => {
  it('empties every list, and gives the same integers to others', async () => {
    await begin();
    const before = await registerAndTrace('orders');
    expect(sizes()).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    await collector.wipe();
    expect(sizes()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await registerAndTrace('billing')).toEqual(before);
    expect(collector.services()).toEqual([{ id: 2, name: 'billing' }]);
    expect(collector.networkAddresses()).toMatchObject([{ id: 2, name: 'billing:80' }]);
    expect(collector.segments()).toMatchObject([{ service: 'billing', instance: 'billing-1' }]);
  });

  it('breaks connections, keeps the ports of all nodes, and resolves when they answer', async () => {
    await begin({ nodes: 2 });
    const { addresses } = collector;
    const socket = connect(portOf(addresses[1]!), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.resume();
    const closed = once(socket, 'close');
    await collector.wipe();
    await closed;
    expect(collector.addresses).toEqual(addresses);
    for (const address of addresses) {
      const fresh = new TestAgent(address);
      expect((await fresh.registerServices('a')).status).toBe('OK');
      fresh.close();
    }
  });

  it('lets the caller act while the backend does not answer', async () => {
    await begin();
    await registerAndTrace('orders');
    let seen: unknown;
    await collector.wipe(async () => {
      const fresh = new TestAgent(collector.address);
      seen = [(await fresh.ping(2, 'orders-1')).status, ...sizes()];
      fresh.close();
    });
    expect(seen).toEqual(['UNAVAILABLE', 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('comes back even if what was to happen meanwhile fails', async () => {
    await begin();
    await expect(collector.wipe(() => Promise.reject(new Error('no such operator')))).rejects.toThrow(
      'no such operator',
    );
    expect(await agent.serviceId('orders')).toBe(2);
  });

  it('loses what was on its way', async () => {
    await begin({ idDelayMs: 150 });
    await agent.registerServices('late');
    await collector.wipe();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(collector.services()).toEqual([]);
  });

  it('waits for a port that another process has taken for a moment', async () => {
    await begin();
    let thief: Server | undefined;
    const wiped = collector.wipe(async () => {
      thief = createServer().listen(portOf(collector.address), '127.0.0.1');
      await once(thief, 'listening');
    });
    await until(() => thief?.listening);
    const isDone = await Promise.race([wiped.then(() => true), new Promise((resolve) => setTimeout(resolve, 200))]);
    expect(isDone).toBeUndefined();
    thief!.close();
    await wiped;
    expect(await agent.serviceId('a')).toBe(2);
  });
});

describe('a restart', () => {
  it('keeps ids, heartbeats and segments, on the same ports, over broken connections', async () => {
    await begin();
    const ids = await registerAndTrace('orders');
    const before = sizes();
    await collector.restart();
    expect(sizes()).toEqual(before);
    expect(await agent.serviceId('orders')).toBe(ids[0]);
    expect((await agent.ping(ids[1], 'orders-1')).value).toEqual({});
    expect(await agent.serviceId('billing')).toBe(4);
  });

  it('of the process keeps the ids of a storage in a directory', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-collector-'));
    try {
      const storage = path.join(folder, 'made', 'if', 'missing');
      await begin({ storage });
      const ids = await registerAndTrace('orders');
      agent.close();
      await collector.stop();

      await begin({ storage });
      expect(sizes()).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
      expect((await agent.ping(ids[1], 'orders-1')).value).toEqual({});
      expect(await agent.serviceId('billing')).toBe(4);

      await collector.wipe();
      expect(await agent.serviceId('anew')).toBe(2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the end', () => {
  it('comes once, frees the port, leaves the lists readable, and nothing can be done after it', async () => {
    await begin();
    await registerAndTrace('orders');
    const before = sizes();
    const [one, other] = [collector.stop(), collector.stop()];
    expect(one).toBe(other);
    await one;
    expect(sizes()).toEqual(before);
    await expect(collector.wipe()).rejects.toThrow(AgentError);
    await expect(collector.restart()).rejects.toMatchObject({ code: 'STOPPED' });

    const successor = createServer().listen(portOf(collector.address), '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });

  it('does not wait for a call that hangs, nor for a socket that says nothing', async () => {
    await begin();
    collector.faults.add({ fault: { type: 'hang' } });
    const socket = connect(portOf(collector.address), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const hanging = agent.ping(2, 'one');
    const stream = agent.stream([Buffer.alloc(10)]);
    await until(() => collector.calls().length === 2);
    const startedAt = performance.now();
    await collector.stop();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    socket.destroy();
    expect((await hanging).status).toMatch(/UNAVAILABLE|CANCELLED|INTERNAL|UNKNOWN/);
    expect((await stream).status).not.toBe('OK');
    expect(collector.calls().map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED']);
  });

  it('waits for what was asked for before it', async () => {
    await begin();
    await registerAndTrace('orders');
    const order: string[] = [];
    await Promise.all([
      collector.wipe().then(() => order.push('wiped')),
      collector.restart().then(() => order.push('restarted')),
      collector.stop().then(() => order.push('stopped')),
    ]);
    expect(order).toEqual(['wiped', 'restarted', 'stopped']);
    expect(collector.services()).toEqual([]);
  });
});

describe('a port', () => {
  it('is what was asked for, and a second one for a second node', async () => {
    const spare = await startCollector();
    const port = portOf(spare.address);
    await spare.stop();
    await begin({ port, nodes: 2 });
    expect(collector.addresses).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`]);
    expect(collector.address).toBe(collector.addresses[0]);
  });

  it('that is taken is a clear error, and nothing is left running', async () => {
    await begin({ httpPort: 0 });
    const port = portOf(collector.address);
    await expect(startCollector({ port: port - 1, nodes: 2 })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
    const free = createServer().listen(port - 1, '127.0.0.1');
    await once(free, 'listening');
    free.close();
    await expect(startCollector({ httpPort: portOf(collector.httpAddress!) })).rejects.toThrow(
      `cannot listen on ${collector.httpAddress}: `,
    );
  });
});
