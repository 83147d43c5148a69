import { startCollector, type Collector, type CollectorOptions, type SpanRecord } from '../../src/testing/index';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import { segmentBytes, TestAgent, upstream, type SegmentToSend } from './client';
import { ADDRESS, segmentCases, type Fate, type Ids } from './segment-cases';

const FATES: Readonly<Record<Fate, string>> = {
  'at-once': 'shown at once',
  late: 'shown in time',
  dropped: 'dropped at once',
  'given-up': 'dropped in time',
};

let collector: Collector;
let agent: TestAgent;
let ids: Ids;
let sequence = 0;

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, ...options });
  agent = new TestAgent(collector.address);
  const front = await agent.serviceId('front');
  const back = await agent.serviceId('back');
  ids = {
    front,
    back,
    frontInstance: await agent.instanceId(front, 'front-1'),
    backInstance: await agent.instanceId(back, 'back-1'),
    frontEndpoint: await agent.endpointId(front, '/front'),
    backEndpoint: await agent.endpointId(back, '/back'),
    address: await agent.addressId(ADDRESS),
  };
}

/** The names need ids first, and those need the clock. */
async function beginOn(clock: FakeClock, options: CollectorOptions = {}): Promise<void> {
  let isReady = false;
  const started = begin({ clock, idDelayMs: 200, ...options }).then(() => (isReady = true));
  while (!isReady) await clock.advance(200);
  await started;
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

/** A name that was not sent yet. */
function freshId(): string {
  return `${ids.backInstance}.12345678901234567.${17_900_000_000_000_000n + BigInt(sequence++)}`;
}

function fresh(segment: Omit<SegmentToSend, 'traceIds' | 'segmentId'>): SegmentToSend {
  const id = freshId();
  return { ...segment, traceIds: [id], segmentId: id };
}

const entryOf = (overrides: object = {}): object => ({
  spanId: 0,
  parentSpanId: -1,
  startTime: 1_790_000_000_000,
  endTime: 1_790_000_000_010,
  operationNameId: ids.backEndpoint,
  ...overrides,
});

const fromBack = (...spans: readonly object[]): SegmentToSend =>
  fresh({ serviceId: ids.back, serviceInstanceId: ids.backInstance, spans });

const isShown = ({ segmentId }: SegmentToSend): boolean =>
  collector.segments().some((shown) => shown.segmentId === segmentId);
const lossOf = ({ segmentId }: SegmentToSend): string | undefined =>
  collector.droppedSegments().find((dropped) => dropped.segmentId === segmentId)?.reason;

describe('a segment', () => {
  it('is shown, waits or is dropped without a word, exactly as by OAP 6.5.0', async () => {
    // On a clock of its own: nothing can come in time before its turn, however slow the machine is.
    const clock = new FakeClock();
    await beginOn(clock);
    const isSettled = (segment: SegmentToSend): boolean => isShown(segment) || lossOf(segment) !== undefined;
    const cases = segmentCases(ids).map((one) => ({ ...one, segment: fresh(one.segment) }));
    const isHopeless = ({ fate }: { readonly fate: string }): boolean => fate === 'given-up';
    const fates = new Map<string, string>();
    // The hopeless last and together, since each of them holds up what comes behind it.
    for (const one of [...cases.filter((other) => !isHopeless(other)), ...cases.filter(isHopeless)]) {
      expect([one.title, (await agent.send(one.segment)).status]).toEqual([one.title, 'OK']);
      fates.set(one.title, isSettled(one.segment) ? 'at once' : 'in time');
      if (!isHopeless(one)) for (let look = 0; look < 6 && !isSettled(one.segment); look++) await clock.advance(500);
    }
    await clock.advance(6_000);
    for (const { title, segment, fate, reason } of cases) {
      const found = `${isShown(segment) ? 'shown' : 'dropped'} ${fates.get(title) ?? ''}`;
      expect([title, found]).toEqual([title, FATES[fate]]);
      expect([title, lossOf(segment) ?? '']).toEqual([title, expect.stringMatching(reason)]);
    }
    expect(collector.segments().length + collector.droppedSegments().length).toBe(cases.length);
  });

  it('is shown with names for its ids, and with the ids that travelled', async () => {
    await begin();
    const segment = fresh({
      serviceId: ids.back,
      serviceInstanceId: ids.backInstance,
      spans: [
        {
          ...{ spanId: 1, parentSpanId: 0, startTime: 1_790_000_000_002, endTime: 1_790_000_000_004 },
          ...{ spanType: 'Exit', spanLayer: 'Database', componentId: 5, operationName: '', peerId: ids.address },
          operationNameId: ids.backEndpoint,
          tags: [
            { key: 'db.type', value: 'sql' },
            { key: 'db.type', value: 'again' },
          ],
          isError: true,
          logs: [{ time: 1_790_000_000_003, data: [{ key: 'event', value: 'error' }] }],
        },
        {
          ...{ spanId: 0, parentSpanId: -1, startTime: 1_790_000_000_001, endTime: 1_790_000_000_005 },
          ...{ spanType: 'Entry', spanLayer: 'Http', componentId: 4001, operationNameId: ids.backEndpoint },
          refs: [
            {
              refType: 'CrossProcess',
              parentTraceSegmentId: { idParts: ['-9223372036854775808', '0', '9223372036854775807'] },
              parentSpanId: 4,
              parentServiceInstanceId: ids.frontInstance,
              entryServiceInstanceId: ids.frontInstance,
              networkAddress: ADDRESS,
              entryEndpoint: '/front',
              parentEndpointId: ids.frontEndpoint,
            },
          ],
        },
      ],
    });
    await agent.send({ ...segment, traceIds: ['1.2.3', '4.5.9007199254740993'] });
    expect(collector.segments()).toEqual([
      {
        at: expect.stringMatching(/Z$/) as string,
        node: 0,
        traceId: '4.5.9007199254740993',
        traceIds: ['1.2.3', '4.5.9007199254740993'],
        segmentId: segment.segmentId,
        service: 'back',
        serviceId: ids.back,
        instance: 'back-1',
        instanceId: ids.backInstance,
        isSizeLimited: false,
        spans: [
          {
            spanId: 1,
            parentSpanId: 0,
            type: 'Exit',
            operationName: '/back',
            operationNameId: ids.backEndpoint,
            peer: ADDRESS,
            peerId: ids.address,
            layer: 'Database',
            component: 'Mysql',
            componentId: 5,
            isError: true,
            startTime: 1_790_000_000_002,
            endTime: 1_790_000_000_004,
            tags: [
              { key: 'db.type', value: 'sql' },
              { key: 'db.type', value: 'again' },
            ],
            logs: [{ time: 1_790_000_000_003, data: [{ key: 'event', value: 'error' }] }],
            refs: [],
          },
          {
            spanId: 0,
            parentSpanId: -1,
            type: 'Entry',
            operationName: '/back',
            operationNameId: ids.backEndpoint,
            peer: '',
            peerId: 0,
            layer: 'Http',
            component: 'HttpServer',
            componentId: 4001,
            isError: false,
            startTime: 1_790_000_000_001,
            endTime: 1_790_000_000_005,
            tags: [],
            logs: [],
            refs: [
              {
                type: 'CrossProcess',
                parentSegmentId: '-9223372036854775808.0.9223372036854775807',
                parentSpanId: 4,
                parentInstanceId: ids.frontInstance,
                parentInstance: 'front-1',
                entryInstanceId: ids.frontInstance,
                networkAddressId: 0,
                networkAddress: ADDRESS,
                entryEndpointId: 0,
                entryEndpoint: '/front',
                parentEndpointId: ids.frontEndpoint,
                parentEndpoint: '/front',
              },
            ],
          },
        ],
      },
    ]);
    expect(JSON.parse(JSON.stringify(collector.segments()))).toEqual(collector.segments());
  });

  it('is decoded by the names it was sent with after a wipe gave its ids to others: it is booked on them', async () => {
    await begin();
    await collector.wipe();
    const stranger = await agent.serviceId('stranger');
    expect(stranger).toBe(ids.front);
    await agent.instanceId(stranger, 'stranger-1');
    await agent.endpointId(stranger, '/stranger');
    await agent.send(
      fresh({
        serviceId: ids.front,
        serviceInstanceId: ids.frontInstance,
        spans: [entryOf({ operationNameId: ids.frontEndpoint })],
      }),
    );
    expect(collector.segments()).toMatchObject([
      { service: 'stranger', instance: 'stranger-1', spans: [{ operationName: '/stranger' }] },
    ]);
  });

  it('keeps the names it was shown with', async () => {
    await begin();
    await agent.send(fromBack(entryOf()));
    await agent.endpointId(ids.back, '/later');
    await collector.restart();
    expect(collector.segments()).toMatchObject([{ spans: [{ operationName: '/back' }] }]);
  });

  it('without a trace id, or that does not parse, is dropped, and the stream goes on', async () => {
    await begin();
    const [first, last] = [fromBack(entryOf()), fromBack(entryOf())];
    const noTrace = { ...fromBack(entryOf()), traceIds: [] };
    const crooked = segmentBytes(fromBack(entryOf({ tags: [{ key: 'k', value: 'ZZZ' }] })));
    // A lone surrogate, as some encoders write it.
    crooked.set([0xed, 0xa0, 0x80], crooked.indexOf('ZZZ'));
    const reply = await agent.stream([
      upstream(first.traceIds, segmentBytes(first)),
      upstream(['1.2.3'], Buffer.from('ffff', 'hex')),
      upstream(['1.2.3'], crooked),
      upstream([], segmentBytes(noTrace)),
      upstream(last.traceIds, segmentBytes(last)),
    ]);
    expect(reply).toMatchObject({ status: 'OK', value: {} });
    expect(collector.segments().map(({ segmentId }) => segmentId)).toEqual([first.segmentId, last.segmentId]);
    expect(collector.droppedSegments().map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/does not parse/),
      expect.stringMatching(/does not parse/),
      expect.stringMatching(/no globalTraceIds/),
    ]);
    expect(collector.droppedSegments()[2]).toMatchObject({
      segmentId: noTrace.segmentId,
      serviceId: ids.back,
      node: 0,
    });
  });

  it('behind a message of the stream that is none is lost with the stream: that one a server does tell', async () => {
    await begin();
    const [first, last] = [fromBack(entryOf()), fromBack(entryOf())];
    const reply = await agent.stream([
      upstream(first.traceIds, segmentBytes(first)),
      Buffer.from('ffff', 'hex'),
      upstream(last.traceIds, segmentBytes(last)),
    ]);
    expect(reply).toMatchObject({ status: 'UNKNOWN', details: '' });
    expect([isShown(first), isShown(last)]).toEqual([true, false]);
    expect(collector.calls('collect')).toMatchObject([{ status: 'UNKNOWN' }]);
  });

  it('that holds names gets them registered by the server itself', async () => {
    await begin();
    await agent.send(
      fromBack(
        entryOf({ operationNameId: 0, operationName: '/new' }),
        { ...entryOf({ spanId: 1, operationNameId: 0, operationName: '/call' }), spanType: 'Exit', peer: 'new:1' },
        { ...entryOf({ spanId: 2, operationNameId: 0, operationName: 'work' }), spanType: 'Local' },
        entryOf({ spanId: 3, operationNameId: 0 }),
      ),
    );
    const [segment] = await until(
      () => collector.segments(),
      (shown) => shown.length === 1,
    );
    const names = ({ operationName, operationNameId, peer, peerId }: SpanRecord) => [
      operationName,
      operationNameId,
      peer,
      peerId,
    ];
    expect(segment!.spans.map(names)).toEqual([
      ['/new', 0, '', 0],
      ['/call', 0, 'new:1', 0],
      ['work', 0, '', 0],
      ['', 0, '', 0],
    ]);
    expect(collector.networkAddresses().map(({ name }) => name)).toEqual([ADDRESS, 'new:1']);
    // Only names of entry spans are endpoints; one without a name has a name for that.
    expect(collector.endpoints().map(({ name }) => name)).toEqual(['/front', '/back', '/new', '{domain}']);
  });

  it('is put together with the others of its trace', async () => {
    await begin();
    const [one, two, other] = [fromBack(entryOf()), fromBack(entryOf({ isError: true })), fromBack(entryOf())];
    const front = { ...two, serviceId: ids.front, serviceInstanceId: ids.frontInstance, traceIds: one.traceIds };
    await agent.send(one, other, front);
    expect(collector.traces()).toEqual([
      {
        traceId: one.traceIds[0],
        services: ['back', 'front'],
        isError: true,
        startTime: 1_790_000_000_000,
        endTime: 1_790_000_000_010,
        segments: [collector.segments()[0], collector.segments()[2]],
      },
      expect.objectContaining({ traceId: other.traceIds[0], services: ['back'], isError: false }),
    ]);
  });
});

describe('by the rules of 6.6', () => {
  it('the names of exit and local spans stay names', async () => {
    await begin({ oap: '6.6' });
    const segment = fromBack(
      { ...entryOf({ operationNameId: 0, operationName: '/call', peerId: ids.address }), spanType: 'Exit' },
      { ...entryOf({ spanId: 1, operationNameId: 0, operationName: 'work' }), spanType: 'Local' },
    );
    await agent.send(segment);
    expect(isShown(segment)).toBe(true);
  });

  it('a ref may do without a parent endpoint', async () => {
    await begin({ oap: '6.6' });
    const ref = {
      parentTraceSegmentId: { idParts: ['1', '2', '3'] },
      parentServiceInstanceId: ids.frontInstance,
      entryServiceInstanceId: ids.frontInstance,
      networkAddressId: ids.address,
      entryEndpointId: -1,
      parentEndpointId: -1,
    };
    const segment = fromBack(entryOf({ refs: [ref] }));
    await agent.send(segment);
    expect(isShown(segment)).toBe(true);
  });
});

describe('the waiting room', () => {
  const named = (name: string): SegmentToSend => fromBack(entryOf({ operationNameId: 0, operationName: name }));
  const hopeless = (): SegmentToSend =>
    fromBack(
      entryOf({
        refs: [
          {
            parentTraceSegmentId: { idParts: ['1', '2', '3'] },
            parentServiceInstanceId: ids.frontInstance,
            entryServiceInstanceId: ids.frontInstance,
            networkAddressId: ids.address,
            entryEndpointId: ids.frontEndpoint,
            parentEndpoint: '/nowhere',
          },
        ],
      }),
    );

  it('gives a name five seconds to get an id', async () => {
    const clock = new FakeClock();
    await beginOn(clock);
    const segment = hopeless();
    await agent.send(segment);
    await clock.advance(5_400);
    expect(lossOf(segment)).toBeUndefined();
    await clock.advance(200);
    expect(lossOf(segment)).toMatch(/parentEndpoint "\/nowhere" is no endpoint of the caller/);
  });

  it('lets no segment with names pass while one waits; segments of ids alone do not wait', async () => {
    const clock = new FakeClock();
    await beginOn(clock);
    await agent.send(hopeless());
    await clock.advance(600);
    const [byName, byIds] = [named('/behind'), fromBack(entryOf())];
    await agent.send(byName, byIds);
    expect(isShown(byIds)).toBe(true);
    await clock.advance(4_000);
    // It has its id long since.
    expect(collector.endpoints().map(({ name }) => name)).toContain('/behind');
    expect(isShown(byName)).toBe(false);
    await clock.advance(1_500);
    expect(isShown(byName)).toBe(true);
  });

  it('keeps what waits over a restart, and loses it with the storage', async () => {
    const clock = new FakeClock();
    await beginOn(clock);
    const kept = named('/kept');
    await agent.send(kept);
    await collector.restart();
    await clock.advance(1_000);
    expect(isShown(kept)).toBe(true);

    await agent.send(named('/lost'));
    await collector.wipe();
    await clock.advance(10_000);
    expect(collector.segments().length + collector.droppedSegments().length).toBe(0);
  });

  it('is no larger than the lists, and says what it turns away', async () => {
    const clock = new FakeClock();
    await beginOn(clock, { maxRecords: 2 });
    await agent.send(named('/a'), named('/b'), named('/c'));
    expect(collector.droppedSegments().map(({ reason }) => reason)).toEqual([
      'more than 2 segments wait for their names',
    ]);
  });
});
