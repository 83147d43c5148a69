import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { encodeV3, pairs, V3TestAgent } from './v3-client';

const FIXTURES = path.join(__dirname, '..', '..', 'fixtures', 'segments');
const fixture = (name: string): Buffer =>
  Buffer.from(readFileSync(path.join(FIXTURES, `${name}.hex`), 'utf8').trim(), 'hex');

const START = 1_790_000_000_000;

let collector: Collector;
let agent: V3TestAgent;

beforeEach(async () => {
  collector = await startCollector({ protocol: 'v3' });
  agent = new V3TestAgent(collector.address);
});

afterEach(async () => {
  agent.close();
  await collector.stop();
});

const entry = (overrides: object = {}): object => ({
  ...{ spanId: 0, parentSpanId: -1, startTime: START, endTime: START + 10, operationName: 'GET:/orders/7' },
  ...{ spanType: 'Entry', spanLayer: 'Http', componentId: 4001, ...overrides },
});

const segment = (overrides: object = {}): object => ({
  ...{ traceId: 'trace', traceSegmentId: 'segment', service: 'orders', serviceInstance: 'orders-1', spans: [entry()] },
  ...overrides,
});

const ref = {
  ...{ refType: 'CrossThread', traceId: 'another', parentTraceSegmentId: 'parent', parentSpanId: 3 },
  ...{
    parentService: 'web',
    parentServiceInstance: 'web-1',
    parentEndpoint: 'GET:/',
    networkAddressUsedAtPeer: 'a:80',
  },
};

describe('a segment of v3', () => {
  it('is shown at once, in the words of v2, tags as they came', async () => {
    const tags = pairs({ 'http.method': 'GET', empty: '' });
    const exit = {
      ...{ spanId: 1, parentSpanId: 0, startTime: START + 1, endTime: START + 9, operationName: '/stock' },
      ...{ peer: 'stock:80', spanType: 'Exit', spanLayer: 'FAAS', componentId: 99, isError: true, tags: [] },
      logs: [{ time: START + 2, data: pairs({ event: 'error' }) }],
    };
    const spans = [exit, entry({ tags: [...tags, ...tags], refs: [ref] })];
    expect((await agent.send(segment({ isSizeLimited: true, spans }))).status).toBe('OK');
    expect(collector.segments()).toEqual([
      {
        ...{ at: expect.any(String), node: 0, traceId: 'trace', traceIds: ['trace'], segmentId: 'segment' },
        ...{ service: 'orders', serviceId: 0, instance: 'orders-1', instanceId: 0, isSizeLimited: true },
        spans: [
          {
            ...{ spanId: 1, parentSpanId: 0, type: 'Exit', operationName: '/stock', operationNameId: 0 },
            ...{ peer: 'stock:80', peerId: 0, layer: 'FAAS', component: 'N/A', componentId: 99, isError: true },
            ...{ startTime: START + 1, endTime: START + 9, tags: [], refs: [] },
            logs: [{ time: START + 2, data: pairs({ event: 'error' }) }],
          },
          {
            ...{ spanId: 0, parentSpanId: -1, type: 'Entry', operationName: 'GET:/orders/7', operationNameId: 0 },
            ...{ peer: '', peerId: 0, layer: 'Http', component: 'HttpServer', componentId: 4001, isError: false },
            ...{ startTime: START, endTime: START + 10, tags: [...tags, ...tags], logs: [] },
            refs: [
              {
                ...{ type: 'CrossThread', traceId: 'another', parentSegmentId: 'parent', parentSpanId: 3 },
                ...{ parentService: 'web', parentInstanceId: 0, parentInstance: 'web-1', entryInstanceId: 0 },
                ...{ networkAddressId: 0, networkAddress: 'a:80', entryEndpointId: 0, entryEndpoint: '' },
                ...{ parentEndpointId: 0, parentEndpoint: 'GET:/' },
              },
            ],
          },
        ],
      },
    ]);
    expect(collector.traces()).toMatchObject([{ traceId: 'trace', services: ['orders'], isError: true }]);
  });

  it('is one of several of a stream, or of a collection', async () => {
    await agent.send(segment({ traceSegmentId: '1' }), segment({ traceSegmentId: '2' }));
    expect((await agent.sendInSync(segment({ traceSegmentId: '3' }), segment({ traceSegmentId: '4' }))).status).toBe(
      'OK',
    );
    expect(collector.segments().map(({ segmentId }) => segmentId)).toEqual(['1', '2', '3', '4']);
    expect(collector.calls('collect')).toMatchObject([{ request: { segments: 2 }, status: 'OK' }]);
    expect(collector.traces()).toHaveLength(1);
  });

  it('makes service, instance and endpoints known by its entry spans; nothing else that it names is listed', async () => {
    const exit = entry({ spanType: 'Exit', peer: 'db:3306', operationName: '/exit' });
    await agent.send(
      segment({ service: 'caller', spans: [exit] }),
      segment({ service: 'worker', spans: [entry({ spanType: 'Local' })] }),
    );
    await agent.send(segment({ service: 'quiet', spans: [entry({ skipAnalysis: true })] }));
    expect([collector.services(), collector.instances(), collector.endpoints()]).toEqual([[], [], []]);
    expect(collector.segments()).toHaveLength(3);

    const second = entry({ spanId: 1, parentSpanId: 0, operationName: 'e'.repeat(151) });
    await agent.send(segment({ spans: [entry({ refs: [ref] }), second] }), segment());
    expect(collector.services()).toEqual([{ id: 0, name: 'orders' }]);
    expect(collector.instances()).toMatchObject([{ uuid: 'orders-1', properties: [], heartbeatAt: null }]);
    expect(collector.endpoints()).toEqual([
      { id: 0, serviceId: 0, service: 'orders', name: 'GET:/orders/7' },
      { id: 0, serviceId: 0, service: 'orders', name: 'e'.repeat(150) },
    ]);
  });

  it('is filed under names that are cut', async () => {
    await agent.send(segment({ service: 's'.repeat(71), serviceInstance: 'i'.repeat(71) }));
    expect(collector.segments()).toMatchObject([{ service: 's'.repeat(70), instance: 'i'.repeat(70) }]);
    expect(collector.services()).toMatchObject([{ name: 's'.repeat(70) }]);
  });

  it.each([
    ['there is no span with spanId 0', { spans: [] }],
    ['there is no span with spanId 0', { spans: [entry({ spanId: 1, parentSpanId: 0 })] }],
    ['no span has a startTime', { spans: [entry({ startTime: 0 })] }],
    ['traceId is longer than 150 characters', { traceId: 't'.repeat(151) }],
    ['traceSegmentId is longer than 150 characters', { traceSegmentId: 't'.repeat(151) }],
  ])('is answered OK and dropped: %s', async (reason, overrides) => {
    const fine = segment({ traceId: 'é'.repeat(150), traceSegmentId: 's'.repeat(150) });
    expect((await agent.send(fine, segment(overrides), fine)).status).toBe('OK');
    expect(collector.segments()).toHaveLength(2);
    expect(collector.droppedSegments()).toEqual([
      {
        ...{ at: expect.any(String), node: 0, reason, serviceId: 0, instanceId: 0 },
        traceId: 'traceId' in overrides ? overrides.traceId : 'trace',
        segmentId: 'traceSegmentId' in overrides ? overrides.traceSegmentId : 'segment',
      },
    ]);
  });

  it('makes its endpoint known also where it is dropped', async () => {
    await agent.send(segment({ spans: [entry({ spanId: 1, parentSpanId: 0 })] }));
    expect([collector.services(), collector.endpoints()]).toMatchObject([
      [{ name: 'orders' }],
      [{ name: 'GET:/orders/7' }],
    ]);
  });
});

/** Each was tried on a real 10.1.0, or follows from what that does. */
describe('tags that metrics are made from', () => {
  const local = { spanType: 'Local', spanLayer: 'Unknown' };
  const produced = { spanType: 'Exit', spanLayer: 'MQ', peer: 'kafka:9092' };
  const consumed = { spanLayer: 'MQ', refs: [ref] };
  const logic = (value: string) => ({ tags: pairs({ 'x-le': value }) });
  const latency = (value: string) => ({ tags: pairs({ 'transmission.latency': value }) });
  const twice = { tags: [...pairs({ key: '1' }), ...pairs({ key: '2' })] };
  const whole = '{"name":"/logic","latency":1,"status":true}';

  it.each([
    ['no JSON, local', { ...local, ...logic('a') }, /^tag "x-le" cannot be read: a$/],
    ['no JSON, entry', logic('a'), /^tag "x-le"/],
    ['nothing', logic(''), /^tag "x-le"/],
    ['null', logic('null'), /^tag "x-le"/],
    ['a list', logic('[]'), /^tag "x-le"/],
    ['a name that is an object', logic('{"name":{},"latency":1,"status":true}'), /^tag "x-le"/],
    ['a latency that is no number', logic('{"name":"a","latency":"b","status":true}'), /^tag "x-le"/],
    ['a part of a millisecond, sent', { ...produced, ...latency('12.5') }, /^tag "transmission.latency" .*: 12.5$/],
    ['a part of a millisecond, received', { ...consumed, ...latency('12.5') }, /^tag "transmission.latency"/],
    ['a key twice in a cache', { ...local, spanLayer: 'Cache', ...twice }, /^tag "key" is there twice/],
  ])('lose the segment where there is %s', async (_, span, reason) => {
    await agent.send(segment({ spans: [entry(span)] }));
    expect(collector.segments()).toEqual([]);
    expect(collector.droppedSegments()).toMatchObject([{ reason: expect.stringMatching(reason) }]);
  });

  it.each([
    ['a logic endpoint', { ...local, ...logic(whole) }],
    ['a span that is one', { ...local, ...logic('{"logic-span":true}') }],
    ['an object that says too little', logic('{}')],
    ['no JSON on an exit span', { spanType: 'Exit', peer: 'a:80', ...logic('a') }],
    ['whole milliseconds', { ...produced, ...latency('12') }],
    ['no milliseconds', { ...produced, ...latency('') }],
    ['a part of a millisecond on a span that is no message', latency('12.5')],
    ['a part of a millisecond of a queue without an address', { ...produced, peer: '', ...latency('12.5') }],
    ['a key twice in a database', { ...local, spanLayer: 'Database', ...twice }],
  ])('are shown where there is %s', async (_, span) => {
    await agent.send(segment({ spans: [entry(span)] }));
    expect(collector.droppedSegments()).toEqual([]);
    expect(collector.segments()).toHaveLength(1);
  });
});

describe('a stream', () => {
  it.each(['skywalking.v3.', ''] as const)('of v2 segments ends with an error under /%s', async (root) => {
    for (const name of ['upstream-v2', 'segment-v2-entry-exit-ids'])
      expect(await agent.stream(`/${root}TraceSegmentReportService/collect`, [fixture(name)])).toMatchObject({
        status: 'UNKNOWN',
        details: 'Application error processing RPC',
      });
    expect([collector.segments(), collector.droppedSegments()]).toEqual([[], []]);
  });

  it('that breaks off in the middle leaves what came before it, and nothing after', async () => {
    const bytes = (traceSegmentId: string): Buffer => encodeV3('SegmentObject', segment({ traceSegmentId }));
    const collect = agent.path('TraceSegmentReportService/collect');
    expect((await agent.stream(collect, [bytes('1'), Buffer.from('0a02c328', 'hex'), bytes('2')])).status).toBe(
      'UNKNOWN',
    );
    expect(collector.segments().map(({ segmentId }) => segmentId)).toEqual(['1']);
    expect(collector.calls('collect')).toMatchObject([{ request: { segments: 2 }, status: 'UNKNOWN' }]);
  });
});
