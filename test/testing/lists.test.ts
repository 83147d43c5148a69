import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { AgentError } from '../../src/api/errors';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { Recording } from '../../src/testing/record/recorder';
import { TestAgent } from './client';
import { pairs, V3TestAgent } from './v3-client';

describe('a list', () => {
  it('keeps the newest, and counts what it has forgotten', () => {
    const list = new Recording<number>(3);
    for (let item = 1; item <= 10; item++) list.add(item);
    expect(list.items()).toEqual([8, 9, 10]);
    expect(list.count()).toEqual({ total: 10, forgotten: 7 });
    list.retain((item) => item > 8);
    expect(list.items()).toEqual([9, 10]);
    expect(list.count()).toEqual({ total: 10, forgotten: 7 });
    list.clear();
    expect([list.items(), list.count()]).toEqual([[], { total: 0, forgotten: 0 }]);
  });

  it('that a caller holds does not change', async () => {
    const collector = await startCollector({ maxRecords: 2 });
    const agent = new TestAgent(collector.address);
    await agent.ping(1, 'one');
    const held = [collector.heartbeats(), collector.calls()];
    for (let times = 0; times < 4; times++) await agent.ping(1, 'two');
    expect(held.map((list) => list.length)).toEqual([1, 1]);
    expect(collector.heartbeats().map(({ uuid }) => uuid)).toEqual(['two', 'two']);
    expect(collector.calls()).toHaveLength(2);
    expect(collector.counts()).toMatchObject({
      calls: { total: 5, forgotten: 3 },
      heartbeats: { total: 5, forgotten: 3 },
      segments: { total: 0, forgotten: 0 },
      droppedSegments: { total: 0, forgotten: 0 },
    });
    agent.close();
    await collector.stop();
  });
});

describe('the page', () => {
  let collector: Collector;

  beforeEach(async () => {
    collector = await startCollector({ httpPort: 0, idDelayMs: 0 });
  });

  afterEach(async () => {
    await collector.stop();
  });

  it('answers the lists as JSON, as they are now, over a wipe', async () => {
    const agent = new TestAgent(collector.address);
    await agent.instanceId(await agent.serviceId('orders'), 'orders-1');
    await agent.ping(2, 'orders-1');
    agent.close();
    const read = async () => {
      const response = await fetch(`http://${collector.httpAddress}/`);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      return (await response.json()) as Record<string, unknown>;
    };
    expect(await read()).toEqual({
      address: collector.address,
      addresses: [collector.address],
      protocol: 'v2',
      counts: collector.counts(),
      nodes: collector.nodes(),
      services: collector.services(),
      instances: collector.instances(),
      endpoints: [],
      networkAddresses: [],
      heartbeats: collector.heartbeats(),
      segments: [],
      droppedSegments: [],
      traces: [],
      meters: [],
      logs: [],
      events: [],
    });
    expect(collector.services()).toHaveLength(1);
    await collector.wipe();
    expect(await read()).toMatchObject({ services: [], instances: [], heartbeats: [] });
  });

  it('has what only v3 brings, and says what is spoken now', async () => {
    await collector.become('v3');
    const agent = new V3TestAgent(collector.address);
    await agent.report('orders', 'orders-1', { language: 'nodejs' });
    await agent.sendMeters({
      service: 'a',
      serviceInstance: 'b',
      timestamp: 1,
      singleValue: { name: 'heap', value: 2 },
    });
    await agent.sendLogs({ service: 'a', body: { type: 'TEXT', text: { text: 'hello' } } });
    await agent.sendEvents({ name: 'Start', source: { service: 'a' }, parameters: pairs({ pid: '1' }) });
    agent.close();
    expect(await (await fetch(`http://${collector.httpAddress}/`)).json()).toMatchObject({
      ...{ protocol: 'v3', counts: collector.counts(), networkAddresses: [] },
      instances: [{ uuid: 'orders-1', properties: [{ key: 'language', value: 'nodejs' }] }],
      meters: [{ name: 'heap', value: 2 }],
      logs: [{ body: 'hello' }],
      events: [{ name: 'Start', type: 'Normal', service: 'a', parameters: [{ key: 'pid', value: '1' }] }],
    });
  });

  it('is the only one, to be read and not written', async () => {
    expect((await fetch(`http://${collector.httpAddress}/elsewhere`)).status).toBe(404);
    expect((await fetch(`http://${collector.httpAddress}/`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`http://${collector.httpAddress}/?pretty`)).status).toBe(200);
  });

  it('is not there unless it is asked for', async () => {
    const plain = await startCollector();
    expect(plain.httpAddress).toBeUndefined();
    await plain.stop();
  });
});

describe('an option', () => {
  const faultsOf = async (options: object): Promise<AgentError> => {
    try {
      const collector = await startCollector(options);
      await collector.stop();
    } catch (error) {
      return error as AgentError;
    }
    throw new Error('it was taken');
  };

  it.each<[keyof CollectorOptions, unknown, string]>([
    ['protocol', 'v4', 'one of v2, v3, v3-unpackaged'],
    ['port', 65_536, 'a port, 0 to 65535'],
    ['port', '11800', 'a port, 0 to 65535'],
    ['httpPort', -1, 'a port, 0 to 65535'],
    ['nodes', 0, 'a whole number, 1 to 16'],
    ['nodes', 1.5, 'a whole number, 1 to 16'],
    ['storage', ' ', 'memory, or the path of a directory'],
    ['idDelayMs', -1, 'milliseconds, at least 0'],
    ['deafMs', NaN, 'milliseconds, at least 0'],
    ['nameWaitMs', Infinity, 'milliseconds, at least 0'],
    ['ttlMs', 0, 'milliseconds, above 0'],
    ['maxRecords', 0, 'a whole number from 1'],
    ['checkHeartbeatName', 'yes', 'true or false'],
    ['oap', '7.0', '6.5 or 6.6'],
    ['clock', {}, 'a Clock'],
    ['logger', console.log, 'a Logger'],
  ])('%s = %p is refused, and told what was expected', async (name, value, expected) => {
    const { code, faults } = await faultsOf({ [name]: value });
    const isText = typeof value === 'string' || typeof value === 'number';
    const text = isText ? String(value) : typeof value;
    expect([code, faults]).toEqual([
      'INVALID_CONFIGURATION',
      [{ name, value: text, source: 'startCollector()', expected }],
    ]);
  });

  it('that is unknown is a fault, all faults are told at once, and a secret is never printed', async () => {
    const error = await faultsOf({ prot: 1, nodes: 99, token: 4711, tls: { cert: 'MY-KEY' } });
    expect(error.faults.map(({ name, value }) => [name, value])).toEqual([
      ['prot', '1'],
      ['nodes', '99'],
      ['token', '***'],
      ['tls', '***'],
    ]);
    expect(error.message).not.toMatch(/4711|MY-KEY/);
    expect(error.faults[0]!.expected).toContain('port, httpPort, protocol, nodes, roles, storage');
  });

  it('that is undefined counts as not given', async () => {
    const collector = await startCollector({ token: undefined, httpPort: undefined } as unknown as CollectorOptions);
    await collector.stop();
  });

  it('asks for room for all nodes', async () => {
    expect((await faultsOf({ port: 65_535, nodes: 2 })).faults[0]!.expected).toBe(
      'a port with room for 2 nodes, up to 65535',
    );
  });
});

describe('a process', () => {
  const LOADER = path.join(__dirname, '..', 'support', 'typescript.js');

  it('that has started a backend and awaits its end exits by itself, with everything it awaited done', async () => {
    const kit = path.join(__dirname, '..', '..', 'src', 'testing', 'index.ts');
    const script = `
      const { startCollector } = require(${JSON.stringify(kit)});
      (async () => {
        const collector = await startCollector({ httpPort: 0, ttlMs: 60000, nodes: 2 });
        await collector.wipe();
        await collector.restart();
        await collector.stop();
        console.log('done', Object.keys(require.cache).some((file) => /src.(agent|registry|report|command|config)/.test(file)));
      })();`;
    const child = spawn(process.execPath, ['--require', LOADER, '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const [code] = (await once(child, 'close')) as [number];
    // And nothing of the agent was loaded for it.
    expect([code, text]).toEqual([0, 'done false\n']);
  });
});
