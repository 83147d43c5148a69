import { createHash } from 'node:crypto';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { FakeClock } from '../support/fake-clock';
import { pairs, V3TestAgent, type Command } from './v3-client';

const TIME = 1_790_000_000_000;
const WHO = { service: 'orders', serviceInstance: 'orders-1', timestamp: TIME };

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

describe('the configuration of a service', () => {
  const sha512 = (text: string): string => createHash('sha512').update(text).digest('hex');
  const argsOf = ({ args }: Command): Record<string, string> =>
    Object.fromEntries(args.map(({ key, value }) => [key, value]));

  it('is told to an agent that has another one, and to no other', async () => {
    await begin();
    collector.configure('orders', { 'agent.sample_rate': '0.5', 'agent.ignore_suffix': '.png' });
    const [command] = (await agent.fetchConfigurations('orders', '')).commands;
    expect(command!.command).toBe('ConfigurationDiscoveryCommand');
    expect(command!.args.slice(0, 2).map(({ key }) => key)).toEqual(['SerialNumber', 'UUID']);
    expect(command!.args.slice(2)).toEqual(pairs({ 'agent.sample_rate': '0.5', 'agent.ignore_suffix': '.png' }));
    const { UUID: uuid, SerialNumber: serial } = argsOf(command!);
    expect(uuid).toBe(sha512('agent.sample_rate:0.5agent.ignore_suffix:.png'));

    expect(await agent.fetchConfigurations('orders', uuid!)).toMatchObject({ status: 'OK', bytes: Buffer.alloc(0) });
    const [again] = (await agent.fetchConfigurations('orders', 'older')).commands;
    expect([argsOf(again!)['UUID'], argsOf(again!)['SerialNumber'] === serial]).toEqual([uuid, false]);
  });

  it('is none, under a uuid of its own, where nothing was said or it was taken back', async () => {
    await begin();
    const none = { SerialNumber: expect.any(String), UUID: sha512('EMPTY') };
    collector.configure('orders', { a: '1' });
    expect(argsOf((await agent.fetchConfigurations('billing', '')).commands[0]!)).toEqual(none);
    collector.configure('orders', undefined);
    expect(argsOf((await agent.fetchConfigurations('orders', sha512('a:1'))).commands[0]!)).toEqual(none);
    expect((await agent.fetchConfigurations('orders', sha512('EMPTY'))).commands).toEqual([]);
  });

  it('is no part of the storage', async () => {
    await begin();
    collector.configure('orders', { a: '1' });
    await collector.wipe();
    agent.close();
    agent = new V3TestAgent(collector.address);
    expect(argsOf((await agent.fetchConfigurations('orders', '')).commands[0]!)).toMatchObject({ a: '1' });
  });
});

describe('meters', () => {
  const single = (name: string, value: number): object => ({ singleValue: { name, value, labels: [] } });
  const seen = (): unknown =>
    collector.meters().map(({ service, instance, time, name }) => [service, instance, time, name]);

  it('are taken as single values and as histograms, with their labels', async () => {
    await begin();
    const labels = [{ name: 'space', value: 'old' }];
    const values = [
      { bucket: 0, count: 3, isNegativeInfinity: true },
      { bucket: 0.5, count: 4 },
    ];
    await agent.sendMeters(
      { ...WHO, singleValue: { name: 'heap', labels, value: 1.5 } },
      { ...WHO, histogram: { name: 'gc', labels, values } },
    );
    const common = {
      at: expect.any(String),
      node: 0,
      service: 'orders',
      instance: 'orders-1',
      time: TIME,
      labels: pairs({ space: 'old' }),
    };
    expect(collector.meters()).toEqual([
      { ...common, name: 'heap', value: 1.5, buckets: [] },
      { ...common, name: 'gc', value: null, buckets: [values[0], { ...values[1], isNegativeInfinity: false }] },
    ]);
    expect(collector.calls('MeterReportService/collect')).toMatchObject([{ request: { messages: 2 }, status: 'OK' }]);
  });

  it('of one stream belong to whom one of them names', async () => {
    await begin();
    await agent.sendMeters({ ...WHO, ...single('a', 1) }, single('b', 2));
    await agent.sendMeters(single('c', 3), { ...WHO, ...single('d', 4) });
    expect(seen()).toEqual(['a', 'b', 'c', 'd'].map((name) => ['orders', 'orders-1', TIME, name]));
  });

  it.each(['service', 'serviceInstance', 'timestamp'] as const)('without a %s are lost', async (missing) => {
    await begin();
    expect(
      (await agent.sendMeters({ ...WHO, [missing]: missing === 'timestamp' ? 0 : '', ...single('a', 1) })).status,
    ).toBe('OK');
    expect((await agent.sendMeters(WHO, single('b', 1))).status).toBe('OK');
    expect(collector.meters()).toEqual([]);
  });

  it('of a batch belong together, and to no other batch', async () => {
    await begin();
    await agent.sendMeterBatches([{ ...WHO, ...single('a', 1) }, single('b', 2)], [single('c', 3)]);
    expect(seen()).toEqual([
      ['orders', 'orders-1', TIME, 'a'],
      ['orders', 'orders-1', TIME, 'b'],
    ]);
  });
});

describe('logs', () => {
  it('are taken whole', async () => {
    await begin();
    const log = {
      ...{ ...WHO, endpoint: 'GET:/', layer: 'GENERAL', body: { type: 'TEXT', text: { text: 'hello' } } },
      traceContext: { traceId: 'trace', traceSegmentId: 'segment', spanId: 2 },
      tags: { data: pairs({ level: 'WARN' }) },
    };
    await agent.sendLogs(log);
    expect(collector.logs()).toEqual([
      {
        ...{ at: expect.any(String), node: 0, service: 'orders', instance: 'orders-1', endpoint: 'GET:/' },
        ...{ layer: 'GENERAL', time: TIME, type: 'TEXT', format: 'text', body: 'hello' },
        ...{ traceId: 'trace', segmentId: 'segment', spanId: 2, tags: pairs({ level: 'WARN' }) },
      },
    ]);
  });

  it('say in which form they came, and when, where the agent does not', async () => {
    const clock = new FakeClock();
    await begin({ clock });
    const bodies = [{ json: { json: '{}' } }, { yaml: { yaml: 'a: 1' } }, {}];
    await agent.sendLogs(...bodies.map((body) => ({ service: 'orders', body })), { service: 'orders' });
    expect(collector.logs().map(({ format, body, time }) => [format, body, time])).toEqual([
      ['json', '{}', clock.now()],
      ['yaml', 'a: 1', clock.now()],
      [null, '', clock.now()],
      [null, '', clock.now()],
    ]);
  });

  it('of one stream belong to the service that is named first, and before that to none', async () => {
    await begin();
    const named = (service: string, text: string): object => ({ service, body: { text: { text } } });
    await agent.sendLogs(named('', '1'), named('orders', '2'), named('', '3'), named('billing', '4'));
    expect(collector.logs().map(({ service, body }) => [service, body])).toEqual([
      ['orders', '2'],
      ['orders', '3'],
      ['orders', '4'],
    ]);
  });
});

it('meters and logs go with the storage, with their age, and when there are too many; they make no service known', async () => {
  const clock = new FakeClock();
  await begin({ clock, ttlMs: 1_000, maxRecords: 2 });
  const send = async (): Promise<void> => {
    await agent.sendMeters(...[1, 2, 3].map((value) => ({ ...WHO, singleValue: { name: 'a', value } })));
    await agent.sendLogs(WHO, WHO, WHO);
  };
  const sizes = (): unknown => [collector.meters().length, collector.logs().length];
  await send();
  expect([sizes(), collector.services()]).toEqual([[2, 2], []]);
  expect(collector.counts()).toMatchObject({ meters: { total: 3, forgotten: 1 }, logs: { total: 3, forgotten: 1 } });
  await clock.advance(1_300);
  expect(sizes()).toEqual([0, 0]);
  await send();
  await collector.wipe();
  expect(sizes()).toEqual([0, 0]);
});

it('events that are attached to spans are read and put nowhere', async () => {
  await begin();
  const collect = agent.path('SpanAttachedEventReportService/collect');
  expect((await agent.stream(collect, [Buffer.alloc(0), Buffer.alloc(0)])).status).toBe('OK');
  expect((await agent.stream(collect, [Buffer.alloc(5, 0xff)])).status).toBe('UNKNOWN');
  expect(collector.calls('SpanAttachedEventReportService/collect')).toMatchObject([{ request: { messages: 2 } }, {}]);
});
