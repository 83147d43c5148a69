import express from 'express';
import { createServer, get, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import agent, { Component, ContextCarrier, ContextManager, SpanLayer, Tag } from '../../src/compat';
import { runningAgent } from '../../src/agent/place';
import { startCollector, type Collector } from '../../src/testing';
import { until } from '../support/until';

describe('the active span of a request', () => {
  let collector: Collector;
  let server: Server | undefined;

  beforeEach(async () => {
    collector = await startCollector({ protocol: 'v3' });
    agent.start({
      serviceName: 'orders',
      serviceInstance: 'orders-1',
      collectorAddress: collector.address,
      traceIgnorePath: 'GET:/health',
      ignoredExceptions: ['RangeError'],
      logLevel: 'error',
    });
    await runningAgent()!.ready();
  });

  afterEach(async () => {
    server?.close();
    const running = runningAgent();
    agent.destroy();
    await running?.stop();
    await collector.stop();
  });

  /** One request to express, whose handler looks around; what it throws fails the test. */
  async function inRequest(
    handler: () => unknown,
    path = '/orders/7?x=1',
    headers: OutgoingHttpHeaders = {},
  ): Promise<void> {
    const app = express();
    let failure: { readonly error: unknown } | undefined;
    app.get('/*path', (_request, response) => {
      Promise.resolve()
        .then(handler)
        .catch((error: unknown) => (failure = { error }))
        .finally(() => response.end());
    });
    const listening = createServer(app).listen(0, '127.0.0.1');
    server = listening;
    await new Promise((resolve) => listening.once('listening', resolve));
    const { port } = listening.address() as AddressInfo;
    await new Promise<void>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false, headers }, (answer) => {
        answer.resume().once('end', resolve);
      }).once('error', reject);
    });
    if (failure) throw failure.error;
  }

  const spansOf = async (type: string) => {
    await agent.flush();
    const all = () => collector.segments().flatMap(({ spans }) => spans.filter((span) => span.type === type));
    await until(() => all().length > 0);
    return all();
  };
  const entryOf = async () => (await spansOf('Entry')).find(({ spanId }) => spanId === 0)!;

  it('is the same object whenever it is asked for, and in the same context', async () => {
    await inRequest(async () => {
      const span = ContextManager.currentSpan;
      const { current } = ContextManager;
      expect(ContextManager.currentSpan).toBe(span);
      expect(span.context).toBe(current);
      await new Promise((resolve) => setImmediate(resolve));
      expect(ContextManager.currentSpan).toBe(span);
      const local = current.newLocalSpan('work');
      local.start();
      expect(local.context).toBe(current);
      expect(ContextManager.spans).toEqual([span, local]);
      expect(current).toMatchObject({ nSpans: 2, finished: false });
      local.stop();
      expect(ContextManager.currentSpan).toBe(span);
      expect(current.segment.spans).toEqual([local]);
    });
  });

  it('has the fields that a span of skywalking-backend-js has', async () => {
    const sw8 = '1-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox';
    await inRequest(
      () => {
        const span = ContextManager.currentSpan;
        span.log('retries', 2);
        expect(span).toMatchObject({
          ...{ operation: 'GET:/orders/7', type: 0, id: 0, parentId: -1, depth: 1, isCold: false, endTime: 0 },
          ...{ layer: SpanLayer.HTTP, component: Component.HTTP_SERVER, errored: false, lastError: null },
          tags: [
            { key: 'http.url', val: expect.stringMatching(/^http:\/\/127.0.0.1:\d+\/orders\/7$/) },
            { key: 'http.method', val: 'GET' },
          ],
          logs: [{ timestamp: expect.any(Number), items: [{ key: 'retries', val: '2' }] }],
          refs: [
            {
              ...{ refType: 'CrossProcess', traceId: { rawId: 'a' }, segmentId: { rawId: 'b' }, spanId: 3 },
              ...{ service: 'svc', serviceInstance: 'ins', endpoint: '/a', clientAddress: 'addr:1' },
            },
          ],
        });
        expect(span.component).toBe(Component.HTTP_SERVER);
        expect(span.context.traceId()).toBe('a');
        expect(span.context.segment.segmentId.toString()).toMatch(/^\d+\.\d+\.\d+$/);
      },
      '/orders/7?x=1',
      { sw8 },
    );
  });

  it.each([
    ['GET:/mine', 'GET:/mine'],
    ['mine', 'mine'],
    ['POST:/mine', 'POST:/mine'],
    ['', 'GET:/*path'],
  ])('named %p is the endpoint %s', async (name, endpoint) => {
    await inRequest(() => {
      ContextManager.currentSpan.operation = name;
      expect(ContextManager.currentSpan.operation).toBe(name || 'GET:/orders/7');
    });
    const entry = await entryOf();
    expect(entry.operationName).toBe(endpoint);
    const methods = entry.tags.filter(({ key }) => key === 'http.method');
    expect(methods).toEqual([{ key: 'http.method', value: 'GET' }]);
  });

  it('keeps its name once another process was told of it', async () => {
    await inRequest(() => {
      const exit = ContextManager.current.newExitSpan('/stock', Component.HTTP);
      exit.peer = 'stock:80';
      exit.start();
      expect(exit.inject().endpoint).toBe('GET:/*path');
      exit.stop();
      ContextManager.currentSpan.operation = 'GET:/late';
      expect(ContextManager.currentSpan.operation).toBe('GET:/*path');
    });
    expect(await entryOf()).toMatchObject({ operationName: 'GET:/*path' });
  });

  it('is an error when `errored` is set, and none when it is taken back', async () => {
    await inRequest(() => void (ContextManager.currentSpan.errored = true));
    expect(await entryOf()).toMatchObject({ isError: true });
  });

  it('is no error when `errored` is taken back', async () => {
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      span.error(new Error('retried'));
      expect(ContextManager.currentSpan.errored).toBe(true);
      span.errored = false;
    });
    expect(await entryOf()).toMatchObject({ isError: false });
  });

  it('logs an error that is given twice once, and is not failed by one that is ignored', async () => {
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      const error = new RangeError('ignored');
      span.error(error).error(error);
      expect(span.lastError).toBe(error);
      expect(span.logs).toHaveLength(1);
    });
    expect(await entryOf()).toMatchObject({ isError: false, logs: [expect.anything()] });
  });

  it('has the tags that were set, each once with its last value, and the URL that was given to it', async () => {
    await inRequest(() => {
      ContextManager.currentSpan.tag({ key: 'tenant', val: 'acme', overridable: true });
      expect(ContextManager.currentSpan.hasTag('tenant')).toBe(true);
      expect(ContextManager.currentSpan.hasTag('http.url')).toBe(true);
      expect(ContextManager.currentSpan.hasTag('other')).toBe(false);
      ContextManager.currentSpan.tag({ key: 'tenant', val: 'other', overridable: false });
      ContextManager.currentSpan.tag(Tag.httpURL('http://masked/'));
      ContextManager.currentSpan.operation = 'named';
      ContextManager.currentSpan.tag(Tag.httpURL('http://masked/twice'));
      expect(ContextManager.currentSpan.tags.map(({ key, val }) => `${key}=${val}`)).toEqual([
        'http.url=http://masked/twice',
        'tenant=other',
        'http.method=GET',
      ]);
    });
    expect((await entryOf()).tags).toEqual([
      { key: 'url', value: 'http://masked/twice' },
      { key: 'http.status_code', value: '200' },
      { key: 'tenant', value: 'other' },
      { key: 'http.method', value: 'GET' },
    ]);
  });

  it('is what an entry span that inherits from it is, under its name, and is ended by the server', async () => {
    await inRequest(async () => {
      const span = ContextManager.currentSpan;
      const inherited = ContextManager.current.newEntrySpan('GET:/by/hand', undefined, [Component.EXPRESS]);
      expect(inherited).toBe(span);
      inherited.start();
      expect(span.depth).toBe(2);
      inherited.stop();
      expect(ContextManager.withSpan(span, () => span.endTime)).toBe(0);
      span.stop();
      await new Promise((resolve) => setImmediate(resolve));
      expect(span).toMatchObject({ depth: 1, endTime: 0 });
    });
    expect(await spansOf('Entry')).toMatchObject([{ operationName: 'GET:/by/hand', spanId: 0 }]);
  });

  it('is inherited from no more once it has ended', async () => {
    let later: Promise<unknown> | undefined;
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      const goOn = async () => {
        await until(() => span.endTime !== 0);
        const inherited = ContextManager.current.newEntrySpan('later', undefined, Component.HTTP_SERVER);
        ContextManager.withSpan(inherited, () => expect(inherited.id).toBe(0));
      };
      later = goOn();
    });
    await later;
    expect(await spansOf('Local')).toMatchObject([{ operationName: 'later' }]);
  });

  it('is left by async() and clearAll(), and come back to by resync()', async () => {
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      span.async();
      expect(ContextManager.hasContext).toBe(false);
      span.resync();
      expect(ContextManager.currentSpan).toBe(span);
      const local = ContextManager.current.newLocalSpan('work');
      local.start();
      ContextManager.clearAll();
      expect(ContextManager.currentSpan).toBeUndefined();
      ContextManager.restore(local);
      expect(ContextManager.currentSpan).toBe(local);
      local.stop();
      expect(ContextManager.hasContext).toBe(false);
    });
  });

  it('has a context whose spans join it where no scope is active', async () => {
    await inRequest(() => {
      const { current } = ContextManager;
      ContextManager.clearAll();
      const traceId = current.traceId();
      const span = current.newLocalSpan('lost');
      span.start();
      expect(span).toMatchObject({ context: current, parentId: 0 });
      expect(span.context.traceId()).toBe(traceId);
      span.stop();
      expect(ContextManager.hasContext).toBe(false);
    });
    expect(await spansOf('Local')).toMatchObject([{ operationName: 'lost', parentSpanId: 0 }]);
  });

  it('is there in a request that is ignored, with all that it can do, and nothing is recorded', async () => {
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      expect(ContextManager.hasContext).toBe(true);
      expect(span).toMatchObject({ id: -1, operation: 'GET:/health', component: Component.HTTP_SERVER });
      expect(span.tag(Tag.dbType('x')).log('a', 1).error(new Error('a')).hasTag('db.type')).toBe(true);
      const entry = ContextManager.current.newEntrySpan('/within');
      ContextManager.withSpan(entry, () => ContextManager.withSpan(ContextManager.current.newLocalSpan('b'), () => 1));
      expect(ContextManager.currentSpan).toBe(span);
      expect(entry).toMatchObject({ id: -1, depth: 0 });
      expect(span.context.traceId()).toBe(runningAgent()!.currentTraceId());
    }, '/health');
    ContextManager.withSpan(ContextManager.current.newLocalSpan('seen'), () => 1);
    expect(await spansOf('Local')).toMatchObject([{ operationName: 'seen' }]);
    expect(collector.segments().flatMap(({ spans }) => spans.filter(({ type }) => type === 'Entry'))).toEqual([]);
  });

  it('is active again after a span of another request has ended within its scope', async () => {
    const other = ContextManager.current.newLocalSpan('other');
    other.start();
    other.async();
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      other.resync();
      expect(ContextManager.currentSpan).toBe(other);
      other.stop();
      expect(ContextManager.currentSpan).toBe(span);
    });
  });

  it('stays active when a span has ended for which its segment had no room', async () => {
    await inRequest(() => {
      const span = ContextManager.currentSpan;
      runningAgent()!.tracer.setSpanLimit(1);
      const left = ContextManager.current.newLocalSpan('left out');
      left.start();
      expect(left).toMatchObject({ id: -1, operation: 'left out', depth: 1 });
      expect(ContextManager.currentSpan).toBe(span);
      left.stop();
      expect(ContextManager.currentSpan).toBe(span);
    });
    expect(await entryOf()).toMatchObject({ operationName: 'GET:/*path' });
  });

  it('takes every assignment and every argument without throwing', async () => {
    const refusing = (): never => {
      throw new Error('asked');
    };
    const odd: unknown[] = [
      ...[undefined, null, {}, 5, 'text', Symbol('odd'), [null]],
      new Proxy({}, { get: refusing, has: refusing, ownKeys: refusing, getPrototypeOf: () => null }),
    ];
    await inRequest(() => {
      const active = ContextManager.currentSpan;
      for (const value of odd as never[]) {
        const local = ContextManager.current.newLocalSpan(value);
        local.start();
        for (const span of [active, local]) {
          span.tag(value).log(value, value).error(value).extract(value).hasTag(value);
          const names = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(span)));
          expect(names.filter(([, { get: read, set }]) => read && !set)).toEqual([]);
          for (const [name, { set }] of names) if (set) Reflect.set(span, name, value);
          span.inject().isValid();
        }
        local.stop();
        for (const span of [
          ContextManager.current.newExitSpan(value, value, value),
          ContextManager.current.newEntrySpan(value, value, [value]),
        ]) {
          ContextManager.withSpan(span, () => span.inject());
        }
        expect(ContextManager.withSpan(value, () => 'ran')).toBe('ran');
        ContextManager.clear(value);
        ContextManager.restore(value);
        ContextCarrier.from(value);
        new ContextCarrier().value = value;
        expect(new ContextCarrier(value, value, value, value, value, value, value, value).value).toEqual(
          expect.any(String),
        );
        expect(Tag.dbType(value).val).toEqual(expect.any(String));
      }
      expect(ContextManager.currentSpan).toBe(active);
      expect(JSON.stringify([active, active.context, active.inject()])).toEqual(expect.any(String));
    });
    await entryOf();
    expect(collector.droppedSegments()).toEqual([]);
  });
});

describe('a carrier', () => {
  const header = '1-YQ==-Yg==-3-c3Zj-aW5z-L2E=-YWRkcjox';
  const fields = {
    ...{ key: 'sw8', traceId: { rawId: 'a' }, segmentId: { rawId: 'b' }, spanId: 3, service: 'svc' },
    ...{ serviceInstance: 'ins', endpoint: '/a', clientAddress: 'addr:1', value: header },
  };

  it('has the fields of its header, however it came by it', () => {
    const filled = new ContextCarrier();
    expect(filled.isValid()).toBe(false);
    for (const item of filled.items) item.value = header;
    const { traceId, segmentId } = filled;
    const made = new ContextCarrier(traceId, segmentId, 3, 'svc', 'ins', '/a', 'addr:1');
    for (const carrier of [filled, made, ContextCarrier.from({ sw8: header })!]) {
      expect(carrier).toMatchObject(fields);
      expect(carrier.items).toEqual([carrier]);
      expect(carrier.isValid()).toBe(true);
    }
  });

  it('of a backend of version 6 has the ids and the header of that', () => {
    const sw6 = '1-MS4yLjM=-NC41LjY=-2-7-7-I2FkZHI6MQ==-Iy9h-Iy9h';
    const carrier = ContextCarrier.from({ sw6 })!;
    expect(carrier).toMatchObject({
      key: 'sw6',
      traceId: { rawId: '1.2.3' },
      segmentId: { rawId: '4.5.6' },
      spanId: 2,
    });
    expect(carrier).toMatchObject({ value: sw6, headers: { sw6 } });
    expect(carrier.isValid()).toBe(true);
  });

  it('keeps what is beside the header', () => {
    const carrier = ContextCarrier.from({ 'sw8-correlation': 'YQ==:Yg==', sw8: header })!;
    expect(carrier.headers).toEqual({ sw8: header, 'sw8-correlation': 'YQ==:Yg==' });
    expect(carrier.items[0]).toBe(carrier);
  });

  it('that cannot be read is not valid', () => {
    for (const sw8 of ['', 'garbage', '1-YQ==-Yg==-x-c3Zj-aW5z-L2E=-YWRkcjox'])
      expect(ContextCarrier.from({ sw8 })!.isValid()).toBe(false);
  });
});
