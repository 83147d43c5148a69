import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { systemClock } from '../../src/base/clock';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { HttpLists } from '../../src/testing/http-lists';
import { Inventory } from '../../src/testing/v3/inventory';
import { Recorder } from '../../src/testing/record/recorder';
import { resolveOptions } from '../../src/testing/resolve-options';
import { until } from '../support/until';
import { TestAgent } from '../testing/client';
import { V3TestAgent } from '../testing/v3-client';

let collector: Collector | undefined;
const said: string[] = [];

afterEach(async () => {
  await collector?.stop();
  collector = undefined;
  said.length = 0;
});

async function begin(options: CollectorOptions): Promise<Collector> {
  const say = (line: string): void => void said.push(line);
  collector = await startCollector({ logger: { error: say, warn: say, info: say, debug: say }, ...options });
  return collector;
}

async function answerTo(address: string, host: string): Promise<{ status: number | undefined; body: string }> {
  const [hostname, port] = address.split(':');
  const request = http.get({ hostname, port, path: '/', headers: { host }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const piece of response.setEncoding('utf8')) body += String(piece);
  return { status: response.statusCode, body };
}

describe('the page of the embedded backend', () => {
  it.each(['evil.example', 'evil.example:12800', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.7'])(
    'is not shown to a browser that asks by the name %p: a name may be rebound to this host',
    async (host) => {
      const { httpAddress } = await begin({ httpPort: 0 });
      expect(await answerTo(httpAddress!, host)).toEqual({ status: 403, body: '{}\n' });
    },
  );

  it('is not shown where no host is named', async () => {
    const { httpAddress } = await begin({ httpPort: 0 });
    const socket = net.connect(Number(httpAddress!.split(':')[1]), '127.0.0.1').setEncoding('latin1');
    let received = '';
    socket.on('data', (text: string) => (received += text)).write('GET / HTTP/1.0\r\n\r\n');
    await once(socket, 'close');
    expect(received).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each(['127.0.0.1', '127.0.0.1:12800', 'localhost:12800', 'LOCALHOST', '[::1]:12800'])(
    'is shown to who asks this host by %p',
    async (host) => {
      const { httpAddress } = await begin({ httpPort: 0 });
      const { status, body } = await answerTo(httpAddress!, host);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ services: [], segments: [], counts: { calls: { total: 0 } } });
    },
  );

  it('is shown in full where all together is longer than a string may be', async () => {
    const { stringify } = JSON;
    // As V8 does at half a gigabyte, which would take a test ten seconds.
    const limited = jest.spyOn(JSON, 'stringify').mockImplementation((value: unknown, ...rest: unknown[]) => {
      const text = (stringify as (...args: unknown[]) => string)(value, ...rest);
      if (text.length > 2 ** 20) throw new RangeError('Invalid string length');
      return text;
    });
    const lists = { list: Array<string>(100).fill('x'.repeat(2 ** 16)), none: [], last: [1] };
    const page = await HttpLists.open(0, () => lists);
    const { status, body } = await answerTo(page.address, 'localhost');
    limited.mockRestore();
    await page.close();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual(lists);
  });

  it('survives a reader that leaves in the middle', async () => {
    const page = await HttpLists.open(0, () => ({ list: Array<string>(1_000).fill('x'.repeat(2 ** 20)) }));
    const socket = net.connect(Number(page.address.split(':')[1]), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await page.close();
  });
});

describe('the names that the embedded backend keeps', () => {
  it('are bounded by default', () => {
    expect(resolveOptions({}).maxNames).toBe(100_000);
  });

  it('are on v3 a bounded number of services, instances and endpoints, and no more', async () => {
    const backend = await begin({ protocol: 'v3', maxNames: 5 });
    const agent = new V3TestAgent(backend.address);
    for (let n = 0; n < 12; n++) {
      await agent.keepAlive(`service ${n}`, `instance ${n}`);
      await agent.report(`service ${n}`, `other ${n}`, { n: String(n) });
    }
    // What is known stays in use.
    await agent.report('service 0', 'instance 0', { a: '1' });
    agent.close();
    expect(backend.services()).toHaveLength(5);
    expect(backend.instances()).toHaveLength(5);
    expect(backend.instances()[0]).toMatchObject({ uuid: 'instance 0', properties: [{ key: 'a', value: '1' }] });
  });

  it('are on v3 at most 1,000 properties of an instance', async () => {
    const backend = await begin({ protocol: 'v3' });
    const agent = new V3TestAgent(backend.address);
    for (let report = 0; report < 4; report++) {
      const keys = Array.from({ length: 400 }, (_, n) => [`key ${report} ${n}`, 'v']);
      await agent.report('orders', 'orders-1', Object.fromEntries(keys) as Record<string, string>);
    }
    agent.close();
    expect(backend.instances()[0]!.properties).toHaveLength(1_000);
  });

  it.each([
    ['a key each', (n: number) => `key ${n}`],
    ['one key of addresses', () => 'ipv4'],
  ])('take time in proportion to the properties that come: %s', (_what, keyOf) => {
    const inventory = new Inventory(10);
    const cost = (count: number): number => {
      const properties = Array.from({ length: count }, (_, n) => ({ key: keyOf(n), value: 'v' }));
      const before = process.cpuUsage();
      inventory.describe({ service: 'orders', uuid: 'orders-1' }, properties, '');
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cost(2_000);
    // Ten times as many; each with all others would take a hundred times as long, some seconds.
    expect(cost(40_000)).toBeLessThan(40 * Math.max(cost(4_000), 5_000));
  });

  it('are on v2 a bounded number of each kind; more get no id, which is said once', async () => {
    const backend = await begin({ maxNames: 5, idDelayMs: 0 });
    const agent = new TestAgent(backend.address);
    for (let n = 0; n < 5; n++) await agent.serviceId(`service ${n}`);
    const services = Array.from({ length: 20 }, (_, n) => ({ serviceName: `more ${n}` }));
    await agent.call('doServiceRegister', { services });
    const { value } = await agent.call('doServiceRegister', { services });
    expect(value['services'] ?? []).toEqual([]);
    expect(backend.services()).toHaveLength(5);
    expect(said).toEqual(['storage: 5 names of kind service are known, new ones get no id']);
    // Another kind has room still.
    await agent.instanceId(2, 'orders-1');
    agent.close();
  });

  it('are on v2 no more when they all come at once', async () => {
    const backend = await begin({ maxNames: 5, idDelayMs: 0 });
    const agent = new TestAgent(backend.address);
    const services = Array.from({ length: 20 }, (_, n) => ({ serviceName: `service ${n}` }));
    await until(
      async () => (await agent.call('doServiceRegister', { services })).value['services'] ?? [],
      (known) => known.length >= 5,
    );
    agent.close();
    expect(backend.services()).toHaveLength(5);
  });

  it('are remembered with their heartbeats only as far as they are kept', () => {
    const recorder = new Recorder(systemClock, 10, 3);
    const beat = (uuid: string) =>
      recorder.heartbeat({ at: 'now', node: 0, instanceId: 0, service: 's', uuid, time: 0, reset: false });
    for (const uuid of ['a', 'b', 'c', 'd']) beat(uuid);
    const heard = ['a', 'b', 'c', 'd'].map((uuid) => recorder.heartbeatAt({ instanceId: 0, service: 's', uuid }));
    expect(heard).toEqual(['now', 'now', 'now', null]);
  });
});
