import { AsyncResource } from 'node:async_hooks';
import { createServer, get, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import agent, {
  Component,
  config,
  ContextCarrier,
  ContextManager,
  SpanContext,
  SpanLayer,
  Tag,
  type Span,
} from '../../src/compat';
import { runningAgent } from '../../src/agent/place';
import { runningTracer } from '../../src/agent/place';
import { systemClock } from '../../src/base/clock';
import { startCollector, type Collector } from '../../src/testing';
import { until } from '../support/until';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('skyanchor/compat', () => {
  let collector: Collector;
  const servers: Server[] = [];

  beforeEach(async () => {
    collector = await startCollector({ protocol: 'v3' });
    agent.start({ serviceName: 'orders', serviceInstance: 'orders-1', collectorAddress: collector.address });
    await runningAgent()!.ready();
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    const running = runningAgent();
    agent.destroy();
    await running?.stop();
    await collector.stop();
  });

  async function serve(listener: RequestListener): Promise<number> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  const ask = (port: number, path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
        answer.resume().once('end', resolve);
      }).once('error', reject);
    });

  const segments = async (count: number) => {
    await agent.flush();
    await until(() => collector.segments().length >= count);
    return collector.segments();
  };
  const spansOf = async (count = 1) => (await segments(count)).flatMap(({ spans }) => spans);

  it('starts the agent by the options of skywalking-backend-js, under these names', () => {
    expect(collector.instances()).toMatchObject([{ service: 'orders' }]);
    expect(config).toMatchObject({ serviceName: 'orders', serviceInstance: 'orders-1' });
  });

  it('makes nested local spans that are started and stopped by hand', async () => {
    const outer = ContextManager.current.newLocalSpan('outer');
    outer.start();
    const inner = ContextManager.current.newLocalSpan('inner');
    inner.start();
    expect(ContextManager.currentSpan).toBe(inner);
    inner.stop();
    expect(ContextManager.currentSpan).toBe(outer);
    outer.stop();
    expect(ContextManager.hasContext).toBe(false);
    expect(await spansOf()).toMatchObject([
      { operationName: 'inner', type: 'Local', parentSpanId: 0 },
      { operationName: 'outer', type: 'Local', parentSpanId: -1 },
    ]);
  });

  it('keeps what is set before the start, after it and before the stop', async () => {
    const span = ContextManager.current.newExitSpan('/stock', Component.REDIS);
    span.tag(Tag.dbType('Redis')).log('before', 1);
    span.start();
    span.peer = 'stock:6379';
    span.layer = SpanLayer.CACHE;
    span.tag({ key: 'mine', val: 'yes', overridable: true });
    span.operation = '/other';
    span.stop();
    span.tag(Tag.arn('too late'));
    const [shown] = await spansOf();
    expect(shown).toMatchObject({ operationName: '/other', peer: 'stock:6379', componentId: 7, layer: 'Cache' });
    expect(shown!.tags).toEqual([
      { key: 'db.type', value: 'Redis' },
      { key: 'mine', value: 'yes' },
    ]);
    expect(shown!.logs).toHaveLength(1);
    expect(span.hasTag('mine')).toBe(true);
  });

  it('hands the trace from an exit span to an entry span by a carrier', async () => {
    const exit = ContextManager.current.newExitSpan('/send', Component.RABBITMQ_PRODUCER);
    exit.peer = 'queue:5672';
    exit.start();
    const headers = Object.fromEntries(exit.inject().items.map(({ key, value }) => [key, value]));
    exit.stop();
    expect(headers['sw8']).toMatch(/^1-/);

    const carrier = ContextCarrier.from(headers);
    expect(carrier?.isValid()).toBe(true);
    const entry = ContextManager.current.newEntrySpan('/receive', carrier);
    entry.start();
    const traceId = entry.context.traceId();
    // As appenders of loggers read it.
    expect(String(entry.context.segment.relatedTraces[0])).toBe(traceId);
    entry.stop();
    const [sent, received] = await segments(2);
    expect(received!.traceId).toBe(sent!.traceId);
    expect(received!.traceId).toBe(traceId);
    expect(received!.spans[0]).toMatchObject({ type: 'Entry', refs: [expect.objectContaining({ parentSpanId: 0 })] });
  });

  it('binds what a recorded span has begun no longer than five minutes: what is not sampled then is so as a whole', async () => {
    const now = jest.spyOn(systemClock, 'now');
    const tracer = runningTracer()!;
    try {
      const later = ContextManager.withSpan(new SpanContext().newLocalSpan('job'), () =>
        AsyncResource.bind(() => {
          tracer.setSampleRate(0);
          ContextManager.withSpan(ContextManager.current.newLocalSpan('turn'), () => {
            tracer.setSampleRate(1);
            ContextManager.withSpan(ContextManager.current.newLocalSpan('part'), () => undefined);
          });
        }),
      );
      now.mockReturnValue(systemClock.now() + 6 * 60_000);
      later();
    } finally {
      now.mockRestore();
    }
    expect((await spansOf()).map(({ operationName }) => operationName)).toEqual(['job']);
  });

  it('lets async() leave the scope and resync() come back into it', async () => {
    const span = ContextManager.current.newLocalSpan('job');
    span.start();
    span.async();
    expect(ContextManager.hasContext).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    span.resync();
    const child = ContextManager.current.newLocalSpan('step');
    child.start();
    child.stop();
    span.stop();
    expect(await spansOf()).toMatchObject([{ operationName: 'step', parentSpanId: 0 }, { operationName: 'job' }]);
  });

  it('is part of a request that the agent traces, with the calls that are made within', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const stock = await serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    let inHandler: Span | undefined;
    const port = await serve((_request, response) => {
      inHandler = ContextManager.currentSpan;
      inHandler.tag({ key: 'user', val: '7', overridable: true });
      const span = ContextManager.current.newLocalSpan('work');
      void ContextManager.withSpanAwait(span, () => ask(stock, '/stock')).then(() => response.end());
    });
    await ask(port, '/orders');
    await segments(3);
    const own = collector.segments().find(({ spans }) => spans.some(({ operationName }) => operationName === 'work'));
    const named = (name: string) => own!.spans.find(({ operationName }) => operationName === name);
    expect(named('GET:/orders')).toMatchObject({ type: 'Entry', spanId: 0 });
    expect(named('GET:/orders')!.tags).toContainEqual({ key: 'user', value: '7' });
    expect(named('work')).toMatchObject({ type: 'Local', spanId: 1, parentSpanId: 0 });
    expect(named('/stock')).toMatchObject({ type: 'Exit', parentSpanId: 1 });
    expect(inHandler?.operation).toBe('GET:/orders');
    expect(seen[0]!['sw8']).toBeDefined();
  });

  it('renames the request that it inherits, and leaves its end to the server', async () => {
    const port = await serve((_request, response) => {
      const span = ContextManager.current.newEntrySpan('GET:/route/:id', undefined, [Component.HTTP_SERVER]);
      span.start();
      span.stop();
      response.end();
    });
    await ask(port, '/route/7');
    const entries = (await spansOf()).filter(({ type }) => type === 'Entry');
    expect(entries).toMatchObject([{ operationName: expect.stringContaining('/route/:id'), parentSpanId: -1 }]);
  });

  it('marks a span with what withSpan throws, stops it, and throws it on', async () => {
    const thrown = new Error('no stock');
    const call = () =>
      ContextManager.withSpan(ContextManager.current.newLocalSpan('fails'), () => {
        throw thrown;
      });
    expect(call).toThrow(thrown);
    await expect(
      ContextManager.withSpanAwait(ContextManager.current.newLocalSpan('fails too'), async () => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    expect(await spansOf(2)).toMatchObject([
      { operationName: 'fails', isError: true },
      { operationName: 'fails too', isError: true },
    ]);
  });

  it('sends what waits when flush() is called, and returns null where nothing does', async () => {
    ContextManager.withSpan(new SpanContext().newLocalSpan('a'), () => undefined);
    const flushed = agent.flush();
    expect(flushed).toBeInstanceOf(Promise);
    expect(await flushed).toBeNull();
    expect(collector.segments()).toHaveLength(1);
    expect(agent.flush()).toBeNull();
  });

  it('says once that it was started again with other options, whatever they are, and shows those that hold', () => {
    const warn = jest.spyOn(runningAgent()!, 'warn').mockReturnValue(undefined);
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const lists = [['a'], ['a', 'b']].map((list) => Object.freeze(list) as unknown as object);
    const tokens = ['1', '2'].map((authorization) => Object.freeze({ authorization }));
    const trap = (): never => {
      throw new Error('of the proxy');
    };
    const thrower = new Proxy({}, { ownKeys: trap });
    try {
      for (const options of [...lists, ...tokens, thrower]) agent.start(options);
      expect(write.mock.calls).toEqual([]);
    } finally {
      write.mockRestore();
    }
    expect(warn.mock.calls).toEqual([[expect.stringContaining('called again with other options')]]);
    expect(config).toMatchObject({ serviceName: 'orders', serviceInstance: 'orders-1' });
    expect(config).not.toHaveProperty('authorization');
  });

  it('traces with spans, carriers and contexts that a library has wrapped in proxies', async () => {
    const exit = new Proxy(ContextManager.current.newExitSpan('/send', Component.RABBITMQ_PRODUCER), {});
    exit.peer = 'queue:5672';
    const headers = ContextManager.withSpan(exit, () => {
      exit.tag({ key: 'mine', val: 'yes' }).log('noted', 1).error(new Error('broken'));
      exit.operation = '/other';
      return new Proxy(exit.inject(), {}).headers;
    });
    expect(exit).toMatchObject({ operation: '/other', peer: 'queue:5672', errored: true, depth: 0 });
    const carrier = new Proxy(ContextCarrier.from(headers)!, {});
    expect(carrier.isValid()).toBe(true);
    expect(carrier.headers).toEqual(headers);
    const entry = new Proxy(new Proxy(ContextManager.current, {}).newEntrySpan('/receive', carrier), {});
    await ContextManager.withSpanAwait(entry, async () => {
      entry.async();
      entry.resync();
      expect(new Proxy(entry.context, {}).traceId()).toBe(carrier.traceId!.toString());
    });
    const [sent, received] = await segments(2);
    expect(sent!.spans).toMatchObject([{ operationName: '/other', isError: true }]);
    expect(received).toMatchObject({ traceId: sent!.traceId, spans: [{ operationName: '/receive' }] });
    expect(received!.spans[0]!.refs).toHaveLength(1);
  });

  it('runs what was to run in a span that is none, or whose proxy throws', async () => {
    const broken = (): never => {
      throw new Error('of the proxy');
    };
    const traps = [{ getPrototypeOf: broken }, { get: broken }, { set: broken }];
    const spans = traps.map((trap) => new Proxy(ContextManager.current.newLocalSpan('a'), trap));
    for (const span of [...spans, { start: broken } as unknown as Span, undefined as unknown as Span]) {
      expect(ContextManager.withSpan(span, (n: number) => n + 1, 1)).toBe(2);
      expect(await ContextManager.withSpanAwait(span, async () => 3)).toBe(3);
      const own = new Error('of the callback');
      const fail = (): never => {
        throw own;
      };
      expect(() => ContextManager.withSpan(span, fail)).toThrow(own);
      await expect(ContextManager.withSpanAwait(span, () => Promise.reject(own))).rejects.toBe(own);
    }
  });

  it("shows of a span what is the application's, not what the agent keeps with it", () => {
    const span = ContextManager.current.newLocalSpan('a');
    expect(Object.keys(span)).toEqual(['inherit', 'depth', 'isCold']);
    expect(inspect(span)).not.toContain('tracer');
    expect(() => JSON.stringify([span, span.context, span.inject()])).not.toThrow();
  });

  it('says once that a member is internal', () => {
    const warn = jest.spyOn(runningAgent()!, 'warn').mockReturnValue(undefined);
    expect(ContextManager.spans).toEqual([]);
    expect(ContextManager.spans).toEqual([]);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('ContextManager.spans is internal')]]);
  });
});

describe('skyanchor/compat without an agent', () => {
  it('makes spans that do nothing, and throws nothing', () => {
    expect(runningAgent()).toBeUndefined();
    const span = ContextManager.current.newExitSpan('/a', Component.HTTP);
    span.start();
    span.tag(Tag.httpURL('http://a')).log('a', 1).error(new Error('a'));
    span.peer = 'a:80';
    expect(span.inject().isValid()).toBe(false);
    span.async();
    span.resync();
    span.stop();
    expect(ContextManager.hasContext).toBe(false);
    expect(ContextManager.current.traceId()).toBe('N/A');
    expect(ContextManager.current.segment).toMatchObject({
      segmentId: { rawId: 'N/A' },
      relatedTraces: [{ rawId: 'N/A' }],
    });
    expect(span.hasTag('http.url')).toBe(true);
    expect(span).toMatchObject({ operation: '/a', peer: 'a:80', errored: true, depth: 0 });
    expect(agent.flush()).toBeNull();
    agent.destroy();
  });

  it('says on stderr what is wrong with the options, and lets the application run', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    agent.start({ collectorAddress: 'nowhere' });
    expect(write.mock.calls.map(([text]) => String(text)).join('')).toMatch(
      /the application runs untraced:\nskyanchor error: backends = nowhere \(start\(\), as collectorAddress\)/,
    );
    write.mockRestore();
    expect(runningAgent()).toBeUndefined();
  });

  it('starts with its defaults where the options are null', async () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    agent.start(null as unknown as undefined);
    const running = runningAgent();
    agent.destroy();
    await running?.stop();
    expect(running).toBeDefined();
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
  });

  it('finds a carrier in headers of any case, and none where there is none', () => {
    const header = '1-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox';
    expect(ContextCarrier.from({ SW8: header, other: 'b' })).toMatchObject({ key: 'sw8', value: header });
    expect(ContextCarrier.from({ sw8: '1-a' })).toMatchObject({ value: '', headers: { sw8: '1-a' } });
    expect(ContextCarrier.from({ other: 'b' })).toBeUndefined();
    expect(ContextCarrier.from({ sw8: '' })?.isValid()).toBe(false);
  });

  it.each(
    Object.entries({
      'a line break in the id': ['sw8', `1-${base64('a\nFATAL')}-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox`],
      'a format in the id of the segment': ['sw8', `1-YQ==-${base64('%j')}-3-c3Zj-aW5z-L2E=-YWRkcjox`],
      'more characters in the id than any agent reads': [
        'sw8',
        `1-${base64('i'.repeat(128))}-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox`,
      ],
      'more characters in the id of the segment': [
        'sw8',
        `1-YQ==-${base64('i'.repeat(128))}-3-c3Zj-aW5z-L2E=-YWRkcjox`,
      ],
      'a line break in an id of sw6': ['sw6', `1-${base64('1.2.3\n')}-MS4yLjM=-3-1-1-IzE=-IzI=-IzM=`],
      'a text beside them that says whether it is recorded': [
        'sw8',
        '\u001b[2J\u202eevil-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox',
      ],
      'no word of whether it is recorded': ['sw8', '2-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox'],
      'a sequence for the terminal behind the id of the span': [
        'sw8',
        '1-YQ==-Yg==-7\u001b[2J-c3Zj-aW5z-L2E=-YWRkcjox',
      ],
      'an id of a span that is no int32': ['sw8', '1-YQ==-Yg==-99999999999-c3Zj-aW5z-L2E=-YWRkcjox'],
      'a larger number than that': ['sw8', '1-YQ==-Yg==-2147483648-c3Zj-aW5z-L2E=-YWRkcjox'],
      'no id of a span': ['sw8', '1-YQ==-Yg==--c3Zj-aW5z-L2E=-YWRkcjox'],
      'what is no Base64': ['sw8', '1-YQ==\u202e-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox'],
      'beside those of sw6 what is no Base64': ['sw6', '1-MS4yLjM=-MS4yLjM=-0-\u001b[31m-\u202e-x-y-z'],
      'more behind those of sw6': ['sw6', '1-MS4yLjM=-MS4yLjM=-3-1-1-IzE=-IzI=-IzM=-\u202e'],
    }),
  )('shows no ids of a carrier that have %s, and hands it on', (_what, [key, header]) => {
    const carrier = ContextCarrier.from({ [key!]: header })!;
    expect(carrier).toMatchObject({ traceId: undefined, segmentId: undefined, spanId: undefined, service: undefined });
    expect(carrier).toMatchObject({ value: '', headers: { [key!]: header } });
    expect(carrier.isValid()).toBe(false);
  });

  it.each(
    Object.entries({
      'a sequence for the terminal': `${base64('s\u001b[31m')}-aW5z-L2E=-YWRkcjox`,
      'a character that turns its text': `c3Zj-aW5z-${base64('/a\u202e')}-YWRkcjox`,
      'no end': `c3Zj-${base64('i'.repeat(600))}-L2E=-YWRkcjox`,
      'no Base64': 'c3Zj-aW5z-L2E=\u202e-YWRkcjox',
    }),
  )('shows no names of a carrier one of which has %s, and hands it on', (_what, names) => {
    const header = `1-YQ==-Yg==-3-${names}`;
    const carrier = ContextCarrier.from({ sw8: header })!;
    const { service, serviceInstance, endpoint, clientAddress } = carrier;
    expect([service, serviceInstance, endpoint, clientAddress]).toEqual(Array.from({ length: 4 }));
    expect(carrier).toMatchObject({ value: '', headers: { sw8: header } });
    expect(carrier.isValid()).toBe(false);
  });

  it.each(['1-a', `1-${base64('%j')}-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox`, 'x'.repeat(4_097)])(
    'shows nothing of the header before one that does not count, case %#',
    (bad) => {
      const carrier = ContextCarrier.from({ sw8: '0-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox' })!;
      expect(carrier).toMatchObject({ traceId: { rawId: 'a' }, service: 'svc', clientAddress: 'addr:1' });
      carrier.value = bad;
      expect(carrier).toMatchObject({
        traceId: undefined,
        segmentId: undefined,
        spanId: undefined,
        service: undefined,
      });
      expect(carrier).toMatchObject({ serviceInstance: undefined, endpoint: undefined, clientAddress: undefined });
      expect(carrier).toMatchObject({ value: '', headers: { sw8: bad } });
      carrier.value = `1-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox`;
      expect(carrier.value).toBe('1-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox');
    },
  );

  it.each([
    ['sw8', 'MQ==-MQ==-3-YQ==-YQ==-LQ==-'],
    ['sw6', 'MQ==-MQ==-3-1-1-IzE=-IzI=-'],
  ])('takes apart no header that is longer than any agent reads, and hands it on: %s', (key, parts) => {
    const whole = `1-${parts}${'YWFh'.repeat(1_016)}`;
    expect(ContextCarrier.from({ [key]: whole })).toMatchObject({ spanId: 3, headers: { [key]: whole } });
    const long = `1-${parts}${'YWFh'.repeat(1_024)}`;
    const carrier = ContextCarrier.from({ [key]: long })!;
    expect(carrier).toMatchObject({ traceId: undefined, spanId: undefined, value: '', headers: { [key]: long } });
  });
});
