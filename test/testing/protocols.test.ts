import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { AgentError } from '../../src/api/errors';
import { startCollector, type Collector, type CollectorOptions, type Protocol } from '../../src/testing/index';
import { until } from '../support/until';
import { TestAgent } from './client';
import { V3TestAgent } from './v3-client';

const PACKAGE = '/skywalking.v3.';
const EMPTY = Buffer.alloc(0);

let collector: Collector;
let agent: V3TestAgent;

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, ...options });
  agent = new V3TestAgent(collector.address);
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

/** A connection that has broken is made anew. */
const untilOk = (ask: () => Promise<{ readonly status: string }>): Promise<unknown> =>
  until(ask, ({ status }) => status === 'OK');

const MANAGEMENT = ['ManagementService/keepAlive', 'ManagementService/reportInstanceProperties'];
const V2 = [
  ...['doServiceRegister', 'doServiceInstanceRegister', 'doEndpointRegister', 'doNetworkAddressRegister'].map(
    (method) => `/Register/${method}`,
  ),
  '/ServiceInstancePing/doPing',
];
const UNPACKAGED = MANAGEMENT.map((method) => `/${method}`);
const UNPACKAGED_LATER = ['/TraceSegmentReportService/collectInSync', '/MeterReportService/collect'];
const PACKAGED = [
  ...MANAGEMENT,
  ...['TraceSegmentReportService/collect', 'TraceSegmentReportService/collectInSync'],
  ...['MeterReportService/collect', 'MeterReportService/collectBatch', 'LogReportService/collect'],
  ...['ConfigurationDiscoveryService/fetchConfigurations', 'SpanAttachedEventReportService/collect'],
].map((method) => `${PACKAGE}${method}`);
const NOWHERE = [
  '/ConfigurationDiscoveryService/fetchConfigurations',
  '/MeterReportService/collectBatch',
  '/LogReportService/collect',
  `${PACKAGE}Register/doServiceRegister`,
];
const COLLECT = '/TraceSegmentReportService/collect';

const HAS: Readonly<Record<Protocol, readonly string[]>> = {
  v2: [...V2, COLLECT],
  v3: [...PACKAGED, ...UNPACKAGED, ...UNPACKAGED_LATER, COLLECT],
  'v3-unpackaged': [...UNPACKAGED, COLLECT],
};
const EVERY = [...V2, ...PACKAGED, ...UNPACKAGED, ...UNPACKAGED_LATER, COLLECT, ...NOWHERE];

describe.each(['v2', 'v3', 'v3-unpackaged'] as const)('a backend that speaks %s', (protocol) => {
  it('answers the methods that a real one of its age has, and lacks all others', async () => {
    await begin({ protocol });
    const answered: string[] = [];
    const statuses = new Set<string>();
    for (const asked of EVERY) {
      const { status } = await (/collect(Batch)?$/.test(asked)
        ? agent.stream(asked, [EMPTY])
        : agent.ask(asked, EMPTY));
      statuses.add(status);
      if (status === 'OK') answered.push(asked);
    }
    expect(answered.sort()).toEqual([...HAS[protocol]].sort());
    expect([...statuses].sort()).toEqual(['OK', 'UNIMPLEMENTED']);
    expect(collector.protocol).toBe(protocol);
  });
});

describe('what a backend lacks', () => {
  it('is refused in the words of a real one, whatever was sent, and noted', async () => {
    await begin({ protocol: 'v3' });
    const answer = { status: 'UNIMPLEMENTED', details: 'Method not found: Register/doServiceRegister' };
    expect(await agent.ask('/Register/doServiceRegister', EMPTY)).toMatchObject(answer);
    expect(await agent.ask('/Register/doServiceRegister', Buffer.alloc(5, 0xff))).toMatchObject(answer);
    expect(await agent.stream('/Register/doServiceRegister', [])).toMatchObject(answer);
    const call = {
      method: 'doServiceRegister',
      path: '/Register/doServiceRegister',
      request: null,
      status: 'UNIMPLEMENTED',
    };
    expect(collector.calls('doServiceRegister')).toMatchObject([call, call, call]);
  });

  it('is noted also where no backend of any age has it under that path', async () => {
    await begin({ protocol: 'v3-unpackaged' });
    const old = new V3TestAgent(collector.address, {}, '');
    expect((await old.fetchConfigurations('orders', '')).status).toBe('UNIMPLEMENTED');
    expect((await old.sendLogs({ service: 'orders' })).status).toBe('UNIMPLEMENTED');
    old.close();
    expect(collector.calls().map(({ path: asked, status }) => [asked, status])).toEqual([
      ['/ConfigurationDiscoveryService/fetchConfigurations', 'UNIMPLEMENTED'],
      ['/LogReportService/collect', 'UNIMPLEMENTED'],
    ]);
  });

  it('is noted in the order it was asked for, by its path', async () => {
    await begin({ protocol: 'v3-unpackaged' });
    await agent.keepAlive('orders', 'orders-1');
    await new TestAgent(collector.address).registerServices('orders');
    await agent.ask('/ManagementService/keepAlive', EMPTY);
    expect(collector.calls().map(({ method, path: asked, status }) => [method, asked, status])).toEqual([
      ['keepAlive', '/skywalking.v3.ManagementService/keepAlive', 'UNIMPLEMENTED'],
      ['doServiceRegister', '/Register/doServiceRegister', 'UNIMPLEMENTED'],
      ['keepAlive', '/ManagementService/keepAlive', 'OK'],
    ]);
  });
});

describe('a scripted fault', () => {
  it('meets methods of v3 by their names, under either path', async () => {
    await begin({ protocol: 'v3' });
    collector.faults.add({ method: 'keepAlive', fault: { type: 'refuse', code: 'RESOURCE_EXHAUSTED' } });
    collector.faults.add({ method: 'collect', fault: { type: 'refuse', code: 'ABORTED' } });
    const old = new V3TestAgent(collector.address, {}, '');
    for (const one of [agent, old]) {
      expect((await one.keepAlive('orders', 'orders-1')).status).toBe('RESOURCE_EXHAUSTED');
      expect((await one.send()).status).toBe('ABORTED');
      expect((await one.report('orders', 'orders-1', {})).status).toBe('OK');
      expect((await one.sendMeters()).status).toBe('OK');
    }
    old.close();
    collector.faults.add({ method: 'MeterReportService/collect', fault: { type: 'drop' } });
    const meter = { service: 'a', serviceInstance: 'b', timestamp: 1, singleValue: { name: 'heap', value: 2 } };
    expect((await agent.sendMeters(meter)).status).toBe('OK');
    expect(collector.meters()).toEqual([]);
  });

  it('meets a method that the backend lacks only where it is named', async () => {
    await begin({ protocol: 'v2' });
    const every = collector.faults.add({ fault: { type: 'refuse' } });
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNIMPLEMENTED');
    expect(every.hits).toBe(0);
    collector.faults.clear();
    collector.faults.add({ method: 'keepAlive', times: 1, fault: { type: 'refuse' } });
    collector.faults.add({ method: 'keepAlive', times: 1, fault: { type: 'hang' } });
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNAVAILABLE');
    expect((await agent.ask(agent.path('ManagementService/keepAlive'), EMPTY, 100)).status).toBe('DEADLINE_EXCEEDED');
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNIMPLEMENTED');
    await until(() => collector.calls().every(({ status }) => status !== 'PENDING'));
    expect(collector.calls().map(({ status }) => status)).toEqual([
      ...['UNIMPLEMENTED', 'UNAVAILABLE', 'CANCELLED', 'UNIMPLEMENTED'],
    ]);
  });
});

describe('a backend that becomes another', () => {
  it('speaks the other protocol at the same address, over broken connections', async () => {
    await begin({ nodes: 2 });
    const { addresses } = collector;
    const socket = connect(Number(addresses[1]!.split(':')[1]), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.resume();
    const closed = once(socket, 'close');
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNIMPLEMENTED');

    let seen: unknown;
    await collector.become('v3', async () => {
      const fresh = new V3TestAgent(collector.address);
      seen = [(await fresh.keepAlive('orders', 'orders-1')).status, collector.protocol];
      fresh.close();
    });
    await closed;
    expect(seen).toEqual(['UNAVAILABLE', 'v3']);
    expect([collector.addresses, collector.protocol]).toEqual([addresses, 'v3']);
    await untilOk(() => agent.keepAlive('orders', 'orders-1'));
    const second = new V3TestAgent(addresses[1]!);
    expect((await second.keepAlive('orders', 'orders-1')).status).toBe('OK');
    expect((await second.ask('/Register/doServiceRegister', EMPTY)).status).toBe('UNIMPLEMENTED');
    second.close();

    await collector.become('v3-unpackaged');
    await untilOk(() => agent.ask('/ManagementService/keepAlive', EMPTY));
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNIMPLEMENTED');
  });

  it('finds the storage of each protocol as it was, and shows what either brought', async () => {
    await begin();
    const v2 = new TestAgent(collector.address);
    const serviceId = await v2.serviceId('orders');
    const serviceInstanceId = await v2.instanceId(serviceId, 'orders-1');
    await v2.endpointId(serviceId, '/');
    await v2.ping(serviceInstanceId, 'orders-1');
    const spans = [{ spanId: 0, parentSpanId: -1, operationName: '/' }];
    await v2.send({ serviceId, serviceInstanceId, traceIds: ['1.2.3'], segmentId: '1.2.3', spans });
    const listed = (): unknown => [collector.services(), collector.instances(), collector.endpoints()];
    const before = listed();

    await collector.become('v3');
    expect(listed()).toEqual([[], [], []]);
    await untilOk(() => agent.keepAlive('billing', 'billing-1'));
    await agent.send({
      ...{ traceId: 'a', traceSegmentId: 'a', service: 'billing', serviceInstance: 'billing-1' },
      spans: [{ spanId: 0, parentSpanId: -1, startTime: 1, operationName: 'GET:/' }],
    });
    const between = listed();
    expect(between).toMatchObject([[{ name: 'billing' }], [{ uuid: 'billing-1' }], [{ name: 'GET:/' }]]);

    await collector.become('v2');
    expect(listed()).toEqual(before);
    await untilOk(() => v2.ping(serviceInstanceId, 'orders-1'));
    expect(collector.heartbeats().at(-1)).toMatchObject({
      instanceId: serviceInstanceId,
      service: 'orders',
      reset: false,
    });
    expect(collector.segments().map(({ service, instanceId }) => [service, instanceId])).toEqual([
      ['orders', serviceInstanceId],
      ['billing', 0],
    ]);
    v2.close();
    await collector.become('v3-unpackaged');
    expect(listed()).toEqual(between);

    await collector.wipe();
    expect([listed(), collector.segments()]).toEqual([[[], [], []], []]);
    await collector.become('v2');
    expect(listed()).toEqual([[], [], []]);
  });

  it('leaves in the waiting room what v2 was waiting with', async () => {
    // So that it is not looked at again before the backend goes down.
    await begin({ idDelayMs: 150 });
    const v2 = new TestAgent(collector.address);
    const serviceId = await v2.serviceId('orders');
    const serviceInstanceId = await v2.instanceId(serviceId, 'orders-1');
    v2.close();
    const spans = [{ spanId: 0, parentSpanId: -1, operationName: '/late' }];
    const late = new TestAgent(collector.address);
    await late.send({ serviceId, serviceInstanceId, traceIds: ['1.2.3'], segmentId: '1.2.3', spans });
    late.close();
    await collector.become('v3');
    const shownOnV3 = collector.segments().length;
    await collector.become('v2');
    await until(() => collector.segments().length);
    expect([shownOnV3, collector.segments()]).toMatchObject([0, [{ segmentId: '1.2.3' }]]);
  });

  it('is refused by a server that does not know the protocol', async () => {
    await begin();
    expect(() => collector.become('v4' as never)).toThrow(AgentError);
    expect(() => collector.become('v4' as never)).toThrow(
      'protocol = v4 (become()): expected one of v2, v3, v3-unpackaged',
    );
    expect(collector.protocol).toBe('v2');
  });
});

describe('a token, on v3', () => {
  it('that differs or is missing is PERMISSION_DENIED, on every method that is there', async () => {
    await begin({ protocol: 'v3', token: 'open-sesame' });
    const right = new V3TestAgent(collector.address, { metadata: { authentication: 'open-sesame' } });
    const wrong = new V3TestAgent(collector.address, { metadata: { authentication: 'open-barley' } });
    for (const stranger of [agent, wrong]) {
      expect((await stranger.keepAlive('orders', 'orders-1')).status).toBe('PERMISSION_DENIED');
      expect((await stranger.send({})).status).toBe('PERMISSION_DENIED');
      expect((await stranger.fetchConfigurations('orders', '')).status).toBe('PERMISSION_DENIED');
      expect((await stranger.ask('/ManagementService/keepAlive', EMPTY)).status).toBe('PERMISSION_DENIED');
      // As a real one: at a method that does not exist there is no authentication.
      expect((await stranger.ask('/Register/doServiceRegister', EMPTY)).status).toBe('UNIMPLEMENTED');
    }
    expect([collector.services(), collector.droppedSegments()]).toEqual([[], []]);
    expect((await right.keepAlive('orders', 'orders-1')).status).toBe('OK');
    expect((await right.ask('/Register/doServiceRegister', EMPTY)).status).toBe('UNIMPLEMENTED');
    right.close();
    wrong.close();
  });
});

describe('TLS, on v3', () => {
  it('is spoken where a certificate is given, and after becoming another too', async () => {
    const pem = (name: string): Buffer =>
      readFileSync(path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`));
    await begin({ protocol: 'v2', tls: { cert: pem('server'), key: pem('server-key') } });
    await collector.become('v3');
    const secure = new V3TestAgent(collector.address, {
      channel: { 'grpc.ssl_target_name_override': 'localhost' },
      credentials: credentials.createSsl(pem('ca')),
    });
    await untilOk(() => secure.keepAlive('orders', 'orders-1'));
    expect((await agent.keepAlive('orders', 'orders-1')).status).toBe('UNAVAILABLE');
    secure.close();
  });
});
