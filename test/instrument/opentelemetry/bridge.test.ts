import { EventEmitter } from 'node:events';
import { api, APIS, bridged, type Carrier, carrierFrom, unbridge } from './fixture';
import { Component, Layer, SpanType } from '../../../src/model/components';
import { context, untraced } from '../../../src/tracing/context';
import { UnrecordedTrace } from '../../../src/tracing/sampling/unrecorded-trace';
import { logsOf, tagsOf } from '../../support/tracing';
import type { SpanKind as Kind } from 'otel-api-1-9';
import type { Span } from '../../../src/model/segment';
import type { Tracer } from '../../../src/tracing/tracer';

afterEach(unbridge);

const { SpanKind, SpanStatusCode } = api;
const PG = { 'db.system.name': 'postgresql', 'server.address': 'db', 'server.port': 5432, 'db.query.text': 'select 1' };

/** The entry of a request, as our own instrumentation opens it. */
function openRequest(tracer: Tracer, path = '/orders/7', headers?: Carrier): Span {
  const entry = tracer.openEntry(path, headers)!;
  Object.assign(entry, { layer: Layer.http, componentId: Component.httpServer, method: 'GET' });
  return entry;
}

const shapeOf = (spans: readonly Span[]) =>
  spans.map(({ operationName, type, spanId, parentSpanId }) => [operationName, type, spanId, parentSpanId]);

describe.each(APIS)('version %s of the API', (_version, one) => {
  const { trace, context: otel, propagation, metrics } = one;

  it('makes spans of our segments, children where they are made within others', async () => {
    const { tracer, segments } = bridged();
    const entry = openRequest(tracer);
    await context.run(entry, async () => {
      await trace.getTracer('app').startActiveSpan('work', async (span) => {
        await new Promise(setImmediate);
        trace.getTracer('pg').startSpan('pg.query', { kind: one.SpanKind.CLIENT, attributes: PG }).end();
        span.end();
      });
    });
    tracer.end(entry);
    expect(segments.map(({ spans }) => shapeOf(spans))).toEqual([
      [
        ['PostgreSQL/SELECT', SpanType.exit, 2, 1],
        ['work', SpanType.local, 1, 0],
        ['/orders/7', SpanType.entry, 0, -1],
      ],
    ]);
    expect(segments[0]!.spans[0]).toMatchObject({ peer: 'db:5432', layer: Layer.database, componentId: 22 });
  });

  it('finds the span of a request as the active one, and carries baggage through our own spans', () => {
    const { tracer } = bridged();
    const entry = openRequest(tracer);
    const bag = propagation.createBaggage({ user: { value: '7' } });
    context.run(entry, () => {
      expect(trace.getActiveSpan()).toBe(trace.getActiveSpan());
      expect(trace.getActiveSpan()!.isRecording()).toBe(true);
      otel.with(propagation.setBaggage(otel.active(), bag), () => {
        expect(context.getStore()).toBe(entry);
        tracer.trace('step', () => {
          expect(propagation.getActiveBaggage()?.getEntry('user')?.value).toBe('7');
          expect(context.getStore()).not.toBe(entry);
          expect(trace.getActiveSpan()!.spanContext().spanId).toMatch(/0001$/);
        });
      });
    });
  });

  it('finds nothing any more when the agent has stopped', () => {
    const { undo, spans } = bridged();
    undo!();
    trace.getTracer('late').startSpan('late').end();
    expect([spans(), trace.getActiveSpan(), Object.getOwnPropertySymbols(globalThis).map(String)]).toEqual([
      [],
      undefined,
      expect.not.arrayContaining(['Symbol(opentelemetry.js.api.1)']),
    ]);
  });

  it('registers the meters of the application, whose version is another than the one we claim', () => {
    bridged();
    const meters = { getMeter: jest.fn() };
    expect(metrics.setGlobalMeterProvider(meters as never)).toBe(true);
    expect(metrics.getMeterProvider()).toBe(meters);
    for (const [, other] of APIS) expect(other.trace.getTracerProvider()).toBe(trace.getTracerProvider());
    metrics.disable();
  });
});

describe('a context of OpenTelemetry', () => {
  it('keeps its values when others are set in contexts made from it', () => {
    bridged();
    const [key, other] = [api.createContextKey('key'), api.createContextKey('other')];
    const first = api.context.active().setValue(key, 1).setValue(other, 'kept');
    const second = first.setValue(key, 2);
    expect([first, second, second.deleteValue(key)].map((each) => each.getValue(key))).toEqual([1, 2, undefined]);
    expect(second.deleteValue(key).getValue(other)).toBe('kept');
    const span = api.trace.getTracer('app').startSpan('work');
    expect(api.trace.getSpan(api.trace.setSpan(second, span))).toBe(span);
    expect(api.trace.getSpan(api.trace.deleteSpan(api.trace.setSpan(second, span)))).toBeUndefined();
    span.end();
  });

  it('of the API itself is taken for what it holds', () => {
    const { tracer } = bridged();
    const key = api.createContextKey('k');
    const entry = openRequest(tracer);
    context.run(entry, () => {
      const face = api.trace.getActiveSpan()!;
      api.context.with(api.ROOT_CONTEXT.setValue(key, 1), () => {
        expect([context.getStore(), api.trace.getActiveSpan()]).toEqual([undefined, undefined]);
        expect(api.context.active().getValue(key)).toBe(1);
        expect(api.context.active().setValue(key, 2).getValue(key)).toBe(2);
        expect(api.context.active().deleteValue(key).getValue(key)).toBeUndefined();
      });
      api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, face), () => {
        expect(context.getStore()).toBe(entry);
        tracer.trace('step', () => expect(context.getStore()).not.toBe(entry));
      });
      expect(context.getStore()).toBe(entry);
    });
  });

  it('is bound to a function, with its arguments, its object and its length', () => {
    const { tracer } = bridged();
    const entry = openRequest(tracer);
    const bound = context.run(entry, () =>
      api.context.bind(api.context.active(), function (this: unknown, a: number, b: number) {
        return [context.getStore(), this, a, b];
      }),
    );
    const owner = { bound };
    expect(owner.bound(1, 2)).toEqual([entry, owner, 1, 2]);
    expect(bound.length).toBe(2);
  });

  it('is bound to an emitter once, whose listeners then run in it', () => {
    const { tracer } = bridged();
    const entry = openRequest(tracer);
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    emitter.on('data', (value) => seen.push([context.getStore(), value]));
    context.run(entry, () => api.context.bind(api.context.bind(api.context.active(), api.context.active()), emitter));
    context.run(entry, () => api.context.bind(api.context.active(), emitter));
    expect(emitter.emit('data', 1)).toBe(true);
    expect(seen).toEqual([[entry, 1]]);
    expect(Object.keys(emitter)).not.toContain('emit');
  });

  it('with tracing suppressed is untraced for everything of ours, and keeps its span', () => {
    const { tracer, spans } = bridged();
    const suppressed = api.context
      .active()
      .setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true);
    const entry = openRequest(tracer);
    api.context.with(
      api.trace.setSpan(
        suppressed,
        context.run(entry, () => api.trace.getActiveSpan()!),
      ),
      () => {
        expect(context.getStore()).toBe(untraced);
        const span = api.trace.getTracer('x').startSpan('x');
        const carrier = {};
        api.propagation.inject(api.trace.setSpan(api.context.active(), span), carrier);
        span.end();
        expect([span.isRecording(), carrier]).toEqual([false, {}]);
        const again = api.context
          .active()
          .setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), false);
        api.context.with(again, () => expect(context.getStore()).toBe(entry));
      },
    );
    expect(spans()).toEqual([]);
  });

  it('where work of ours is untraced has tracing suppressed, and records no span', () => {
    const { spans } = bridged();
    const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    context.run(untraced, () => {
      expect(api.context.active().getValue(key)).toBe(true);
      const span = api.trace.getTracer('x').startSpan('x');
      span.end();
      expect(span.isRecording()).toBe(false);
    });
    expect(api.context.active().getValue(key)).toBeUndefined();
    expect(spans()).toEqual([]);
  });
});

describe('a span of OpenTelemetry', () => {
  const start = (kind: Kind, attributes: Record<string, string | number> = {}, name = 'x', scope = 'lib') =>
    api.trace.getTracer(scope).startSpan(name, { kind, attributes });

  it.each([
    ['INTERNAL', SpanKind.INTERNAL, SpanType.local, SpanType.local],
    ['SERVER', SpanKind.SERVER, SpanType.entry, SpanType.local],
    ['CONSUMER', SpanKind.CONSUMER, SpanType.entry, SpanType.local],
    ['CLIENT', SpanKind.CLIENT, SpanType.exit, SpanType.exit],
    ['PRODUCER', SpanKind.PRODUCER, SpanType.exit, SpanType.exit],
  ])('of kind %s is an entry only where nothing local is above it', (_name, kind, asRoot, asChild) => {
    const { tracer, spans } = bridged();
    const attributes = { 'server.address': 'a', 'server.port': 1 };
    start(kind, attributes).end();
    const entry = openRequest(tracer);
    context.run(entry, () => start(kind, attributes).end());
    expect(spans()[0]!.type).toBe(asRoot);
    tracer.end(entry);
    expect(spans()[1]!.type).toBe(asChild);
  });

  it('that goes nowhere known is local', () => {
    const { spans } = bridged();
    start(SpanKind.CLIENT).end();
    expect(spans()[0]).toMatchObject({ type: SpanType.local, layer: Layer.unknown });
  });

  it('that receives a batch outside of any request is an entry', () => {
    const { spans } = bridged();
    start(SpanKind.CLIENT, {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'receive',
      'messaging.destination.name': 't',
    }).end();
    expect(spans()[0]).toMatchObject({
      type: SpanType.entry,
      operationName: 'Kafka/t/Consumer',
      peer: 'kafka',
      layer: Layer.mq,
    });
  });

  it.each([
    ['@opentelemetry/instrumentation-knex', 'raw'],
    ['@opentelemetry/instrumentation-mongoose', 'mongoose.User.find'],
    ['prisma', 'prisma:client:operation'],
    ['@opentelemetry/instrumentation-mysql2', 'mysql2-pool.connect'],
    ['@opentelemetry/instrumentation-redis', 'redis-connect'],
  ])('is local where a driver is called below it: %s %s', (scope, name) => {
    const { spans } = bridged();
    start(SpanKind.CLIENT, PG, name, scope).end();
    expect(spans()[0]).toMatchObject({ type: SpanType.local, layer: Layer.unknown, operationName: name, peer: '' });
  });

  it('of the engine of Prisma is the call of the database, since no driver is below it', () => {
    const { spans } = bridged();
    start(SpanKind.CLIENT, { 'db.system': 'postgresql' }, 'prisma:engine:db_query', 'prisma').end();
    expect(spans()[0]).toMatchObject({ type: SpanType.exit, layer: Layer.database, peer: 'postgresql' });
  });

  it('around another exit becomes local', () => {
    const { tracer, spans } = bridged();
    const outer = start(SpanKind.CLIENT, { 'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject' });
    api.context.with(api.trace.setSpan(api.context.active(), outer), () => {
      const inner = tracer.openExit('/bucket', 's3:443')!;
      inner.layer = Layer.http;
      tracer.end(inner);
    });
    outer.end();
    expect(spans().map(({ type, layer, peer, componentId }) => [type, layer, peer, componentId])).toEqual([
      [SpanType.exit, Layer.http, 's3:443', 0],
      [SpanType.local, Layer.unknown, '', 50],
    ]);
  });

  it.each(['http', 'undici', 'pg', 'express', 'koa', 'connect', 'router', 'restify', 'fastify'])(
    'of instrumentation-%s is not made, and what is done within it is done in the scope of before',
    (name) => {
      const { tracer, spans } = bridged();
      const entry = openRequest(tracer);
      context.run(entry, () => {
        api.trace
          .getTracer(`@opentelemetry/instrumentation-${name}`)
          .startActiveSpan('GET', { kind: SpanKind.CLIENT }, (span) => {
            const carrier = {};
            api.propagation.inject(api.context.active(), carrier);
            expect([context.getStore(), carrier]).toEqual([entry, {}]);
            expect(span.spanContext()).toMatchObject({ spanId: expect.stringMatching(/0000$/) });
            span.setAttribute('a', 1).end();
          });
      });
      tracer.end(entry);
      expect(spans()).toEqual([entry]);
      expect(entry.tags).toBeUndefined();
    },
  );

  it('of a library whose instrumentation of our own is off is made', () => {
    const { spans } = bridged({ disable: ['pg'] });
    start(SpanKind.CLIENT, PG, 'pg.query', '@opentelemetry/instrumentation-pg').end();
    start(SpanKind.CLIENT, PG, 'pg-pool.connect', '@opentelemetry/instrumentation-pg').end();
    expect(spans().map(({ operationName, type }) => [operationName, type])).toEqual([
      ['PostgreSQL/SELECT', SpanType.exit],
      ['pg-pool.connect', SpanType.local],
    ]);
  });

  it.each([
    ['koa', { 'http.route': '/k/orders/:id', 'koa.type': 'router' }, '/k/orders/:id'],
    ['koa', { 'http.route': '/k', 'koa.type': 'middleware' }, '/orders/7'],
    ['express', { 'http.route': '/', 'express.type': 'middleware' }, '/orders/7'],
    ['restify', { 'http.route': '/r/:id', 'restify.type': 'request_handler' }, '/r/:id'],
    ['router', { 'http.route': '/', 'router.type': 'middleware' }, '/orders/7'],
    ['hapi', { 'http.route': '/h/{id}' }, '/h/{id}'],
    ['hapi', { 'http.route': '/*' }, '/orders/7'],
  ])('of %s names the request by its route: %j', (name, attributes, expected) => {
    const { tracer } = bridged();
    const entry = openRequest(tracer);
    context.run(entry, () =>
      start(SpanKind.INTERNAL, attributes, 'route', `@opentelemetry/instrumentation-${name}`).end(),
    );
    expect(entry.operationName).toBe(expected);
  });

  it('for a request, as Next.js has it, is the entry that we have', () => {
    const { tracer, spans } = bridged();
    const entry = openRequest(tracer);
    context.run(entry, () => {
      const span = start(SpanKind.SERVER, { 'http.method': 'GET' }, 'GET /orders/7', 'next.js');
      span.updateName('GET /orders/[id]');
      span.setAttribute('http.status_code', 200);
      span.setAttribute('next.span_type', 'BaseServer.handleRequest');
      span.end();
    });
    expect(spans()).toEqual([]);
    tracer.end(entry);
    expect(entry.operationName).toBe('/orders/[id]');
    expect(tagsOf(entry)).toEqual({ 'next.span_type': 'BaseServer.handleRequest' });
  });

  it.each([
    ['fetch GET https://me:pw@geo.example/v1?key=SECRET#SECRET', 'fetch GET https://geo.example/v1'],
    ['a (http://a/?SECRET), HTTP://b:1/c#SECRET d?', 'a (http://a/ HTTP://b:1/c d?'],
    ['from=http://SECRET@a,to=http://me:SECRET@b/c', 'from=http://a,to=http://b/c'],
    ['proxy http://a/http://SECRET@b/c?SECRET', 'proxy http://a/http://b/c'],
    ['postgres://SECRET@db/orders', 'postgres://db/orders'],
    [`${'x'.repeat(400)} http://me:${'SECRET'.repeat(40)}@a/b`, `${'x'.repeat(400)} http://a/b`],
    [`http://me:${'SECRET'.repeat(9_000)}@a/b`, 'http://'],
    ['RSC GET /orders?SECRET', 'RSC GET /orders'],
    ['GET //SECRET@a/b?SECRET', 'GET //a/b'],
    ['select a from b where c = ? and d // 2 = ?', 'select a from b where c = ? and d // 2 = ?'],
    ['#a /b/:c d:e@f', '#a /b/:c d:e@f'],
    ['GET /callback#token=SECRET', 'GET /callback'],
    ['GET "/a?SECRET"', 'GET "/a'],
    ['POST https://h/models/g:generate?key=SECRET', 'POST https://h/models/g:generate'],
    ['POST /models/g:generate?key=SECRET', 'POST /models/g:generate'],
    ['GET /index.php?/SECRET', 'GET /index.php'],
    ['GET geo.example/v1?key=SECRET', 'GET geo.example/v1'],
    ['GET v1?a=b&key=SECRET', 'GET v1'],
    ['[/v1?SECRET]', '[/v1'],
    ['GET|/v1?SECRET', 'GET|/v1'],
    ['GET https:/me:SECRET@geo.example/v1', 'GET https:/geo.example/v1'],
    ['GET HTTP:/me:SECRET@geo.example/v1', 'GET HTTP:/geo.example/v1'],
    ['GET /npm:/react@18', 'GET /npm:/react@18'],
    ['read C:/report@v2.pdf', 'read C:/report@v2.pdf'],
    ['GET /a/(?<year>\\d+)(?=x)', 'GET /a/(?<year>\\d+)(?=x)'],
    ['SELECT a WHERE b=? AND c=?', 'SELECT a WHERE b=? AND c=?'],
    ['GET /:lang?/about', 'GET /:lang?/about'],
    ['GET /files/:name?', 'GET /files/:name?'],
    ['GET /v1/{id?}/x', 'GET /v1/{id?}/x'],
    ['GET /a(?:b|c)?/d', 'GET /a(?:b|c)?/d'],
  ])('has a name without user, query and fragment of the URLs in it, case %#', (name, shown) => {
    const { tracer, spans } = bridged();
    start(SpanKind.INTERNAL, { 'next.span_name': name }, name).end();
    start(SpanKind.INTERNAL).updateName(name).end();
    const entry = tracer.openEntry('/')!;
    context.run(entry, () => api.trace.getActiveSpan()!.updateName(name).setAttribute('next.span_name', name));
    tracer.end(entry);
    expect(spans().map(({ operationName }) => operationName)).toEqual([shown, shown, shown]);
    expect(spans().map((span) => tagsOf(span)['next.span_name'])).toEqual([shown, undefined, shown]);
  });

  it('for a request without a route, as Next.js has it, has no query in its name', () => {
    const { tracer } = bridged();
    const entry = openRequest(tracer);
    context.run(entry, () => api.trace.getActiveSpan()!.updateName('GET /orders/7?key=SECRET'));
    tracer.end(entry);
    expect(entry.operationName).toBe('/orders/7');
  });

  it('for a request whose headers are read once more is the entry that we have, too', () => {
    const { tracer, spans } = bridged();
    const headers = carrierFrom(tracer, 'orders:80');
    const entry = openRequest(tracer, '/orders/7', headers);
    context.run(entry, () => {
      const parent = api.propagation.extract(api.context.active(), headers);
      const options = { kind: SpanKind.SERVER, attributes: { 'http.request.method': 'GET' } };
      api.trace.getTracer('@hono/otel').startSpan('GET /orders/:id', options, parent).setAttribute('own', 1).end();
      const message = api.propagation.extract(api.context.active(), carrierFrom(tracer));
      expect(api.trace.getSpanContext(message)).toMatchObject({ isRemote: true });
    });
    tracer.end(entry);
    expect(spans().filter(({ type }) => type === SpanType.entry)).toEqual([entry]);
    expect(tagsOf(entry)).toEqual({ own: '1' });
  });

  it('that is borrowed takes what is told of it, and is ended by us alone', () => {
    const { tracer, spans } = bridged();
    const entry = openRequest(tracer);
    const face = context.run(entry, () => api.trace.getActiveSpan()!);
    face.setAttributes({ user: 7, 'http.method': 'PUT', 'http.route': '/orders/:id' }).addEvent('found', { n: 1 });
    face.recordException(new Error('no'));
    expect(entry.isError).toBe(false);
    face.setStatus({ code: SpanStatusCode.ERROR });
    face.end();
    expect(spans()).toEqual([]);
    tracer.end(entry);
    face.setAttribute('late', 1);
    expect(entry).toMatchObject({ operationName: '/orders/:id', method: 'GET', isError: true });
    expect(tagsOf(entry)).toEqual({ user: '7' });
    expect(logsOf(entry)).toEqual([
      { event: 'found', n: '1' },
      expect.objectContaining({ event: 'error', message: 'no' }),
    ]);
    expect(face.isRecording()).toBe(false);
  });

  it('has each attribute once, the last, and those that the backend makes something of under another key', () => {
    const { spans } = bridged();
    const span = start(SpanKind.INTERNAL, { a: 1 });
    span.setAttributes({
      a: 2,
      'x-le': 'a',
      'transmission.latency': 'a',
      'cache.type': 'mine',
      'db.type': 'mine',
      list: [1, 2] as never,
    });
    span.setAttribute('none', undefined as never);
    span.end();
    span.setAttribute('late', 1);
    expect(tagsOf(spans()[0])).toEqual({
      a: '2',
      'otel.x-le': 'a',
      'otel.transmission.latency': 'a',
      'otel.cache.type': 'mine',
      'otel.db.type': 'mine',
      list: '1,2',
    });
  });

  it('is described by what was said after its headers had been asked for, too', () => {
    const { spans } = bridged();
    const rpc = { 'rpc.system': 'grpc', 'rpc.service': 'shop.Stock', 'rpc.method': 'Get', 'server.address': 'stock' };
    const span = api.trace.getTracer('grpc').startSpan('call', { kind: SpanKind.CLIENT, attributes: rpc });
    const carrier: Carrier = {};
    api.propagation.inject(api.trace.setSpan(api.context.active(), span), carrier);
    expect(carrier['sw8']).toBeDefined();
    span.setAttribute('rpc.grpc.status_code', 14);
    span.end();
    expect(spans()[0]).toMatchObject({ operationName: '/shop.Stock/Get', peer: 'stock', type: SpanType.exit });
    expect(tagsOf(spans()[0])).toMatchObject({ 'rpc.status_code': '14' });
  });

  it('shows hooks its attributes, each once with its last value', () => {
    bridged();
    const span = api.trace.getTracer('app').startSpan('work', { attributes: { 'order.id': 7, colour: 'red' } });
    span.setAttribute('order.id', 8);
    expect(span).toMatchObject({ attributes: { 'order.id': 8, colour: 'red' } });
    span.end();
  });

  it('records what hooks have left of its attributes', () => {
    const { spans } = bridged();
    const attributes = { ...PG, 'order.id': 7, colour: 'red', card: '4711' };
    const span = api.trace.getTracer('lib').startSpan('query', { kind: SpanKind.CLIENT, attributes });
    const shown = (span as unknown as { attributes: Record<string, unknown> }).attributes;
    delete shown['card'];
    shown['db.statement'] = shown['db.query.text'] = 'SELECT hidden';
    span.setAttribute('order.id', 8);
    expect(shown['order.id']).toBe(8);
    span.end();
    expect(tagsOf(spans()[0])).toMatchObject({ 'db.statement': 'SELECT hidden', 'order.id': '8', colour: 'red' });
    expect(Object.keys(tagsOf(spans()[0]))).not.toContain('card');
  });

  it.each([
    ['others', { colour: 'green' }, { colour: 'green' }],
    ['none at all', null, {}],
    ['those of a proxy that refuses', Proxy.revocable({}, {}), {}],
  ])('takes %s in the place of its attributes', (_what, given, expected) => {
    const { spans } = bridged();
    const span = api.trace.getTracer('app').startSpan('work', { attributes: { colour: 'red' } });
    if (given && 'revoke' in given) given.revoke();
    Object.assign(span, { attributes: given && 'proxy' in given ? given.proxy : given });
    span.end();
    expect(tagsOf(spans()[0])).toEqual(expected);
  });

  it('throws nothing, and takes the place of its attributes, whatever hooks have made of them', () => {
    const { spans } = bridged();
    const span = api.trace.getTracer('app').startSpan('work', { attributes: { colour: 'red' } });
    const shown = (span as unknown as { attributes: object }).attributes;
    const refuse = (): never => {
      throw new Error('refused');
    };
    Object.defineProperty(shown, 'card', { get: refuse, set: refuse, enumerable: true, configurable: true });
    span.setAttribute('card', 'none');
    Object.defineProperty(shown, 'size', { get: refuse, enumerable: true });
    span.setAttribute('order.id', 8);
    span.end();
    expect(tagsOf(spans()[0])).toEqual({ colour: 'red', card: 'none', 'order.id': '8' });
  });

  it('has room again where hooks have removed attributes', () => {
    const { spans } = bridged();
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key.${n}`, n]));
    const span = api.trace.getTracer('app').startSpan('work', { attributes: many });
    Object.assign(span, { attributes: {} });
    span.setAttribute('order.id', 8);
    span.end();
    expect(tagsOf(spans()[0])).toEqual({ 'order.id': '8' });
  });

  it('has room for other attributes, however often one is set', () => {
    const { spans } = bridged();
    const span = api.trace.getTracer('app').startSpan('work');
    for (let n = 0; n < 1_000; n++) span.setAttribute('progress', n);
    span.setAttribute('order.id', 8);
    span.end();
    expect(tagsOf(spans()[0])).toEqual({ progress: '999', 'order.id': '8' });
  });

  it('does not take the attributes of the one before for its own', () => {
    const { spans } = bridged();
    const tracer = api.trace.getTracer('lib');
    tracer.startSpan('query', { kind: SpanKind.CLIENT, attributes: PG }).end();
    tracer.startSpan('call', { kind: SpanKind.CLIENT, attributes: { 'server.address': 'stock' } }).end();
    expect(spans()[1]).toMatchObject({ operationName: 'call', peer: 'stock', componentId: 0 });
    expect(tagsOf(spans()[1])).toEqual({});
  });

  it('is an error by its status alone, and none any more once it is OK', () => {
    const { spans } = bridged();
    const failed = start(SpanKind.INTERNAL);
    failed.setStatus({ code: SpanStatusCode.ERROR, message: 'no such table' }).end();
    const well = start(SpanKind.INTERNAL);
    well.recordException('once');
    well
      .setStatus({ code: SpanStatusCode.ERROR })
      .setStatus({ code: SpanStatusCode.OK })
      .setStatus({ code: SpanStatusCode.ERROR })
      .end();
    expect(spans().map(({ isError }) => isError)).toEqual([true, false]);
    expect(logsOf(spans()[0])).toEqual([{ event: 'error', message: 'no such table' }]);
  });

  it.each([
    ['numbers', 1_700_000_000_000, 1_700_000_000_005],
    ['pairs', [1_700_000_000, 0], [1_700_000_000, 5_000_000]],
    ['dates', new Date(1_700_000_000_000), new Date(1_700_000_000_005)],
  ] as [string, number, number][])('begins and ends when it says, in %s', (_what, startTime, endTime) => {
    const { spans } = bridged();
    api.trace.getTracer('x').startSpan('x', { startTime }).end(endTime);
    expect(spans()[0]).toMatchObject({ startTime: 1_700_000_000_000, endTime: 1_700_000_000_005 });
  });

  it('takes a small number for the time since the process started', () => {
    const { spans } = bridged();
    api.trace.getTracer('x').startSpan('x', { startTime: 5 }).end(6);
    expect(spans()[0]!.startTime).toBe(Math.floor(performance.timeOrigin + 5));
  });

  it('is a root where that is asked for, and a child of any span that is given', () => {
    const { tracer, segments } = bridged();
    const entry = openRequest(tracer);
    const own = api.trace.getTracer('x');
    context.run(entry, () => {
      own.startSpan('root', { root: true }).end();
      const parent = own.startSpan('parent');
      const copy = { ...parent.spanContext() };
      own.startSpan('child', {}, api.trace.setSpan(api.ROOT_CONTEXT, parent)).end();
      own.startSpan('of a copy', {}, api.trace.setSpan(api.ROOT_CONTEXT, api.trace.wrapSpanContext(copy))).end();
      own
        .startSpan(
          'of W3C',
          {},
          api.trace.setSpan(
            api.ROOT_CONTEXT,
            api.trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
          ),
        )
        .end();
      parent.end();
    });
    tracer.end(entry);
    expect(
      segments.map(({ spans }) => spans.map(({ operationName, parentSpanId }) => [operationName, parentSpanId])),
    ).toEqual([
      [['root', -1]],
      [['of W3C', -1]],
      [
        ['child', 1],
        ['of a copy', 1],
        ['parent', 0],
        ['/orders/7', -1],
      ],
    ]);
  });

  it.each([
    ['sampled out', { sampleRate: 0 }, false],
    ['of a full segment', { maxSpansPerSegment: 1 }, true],
  ] as const)('that is %s records nothing, and is no obstacle', (_why, options, hasEntry) => {
    const { tracer, spans } = bridged({}, options);
    const entry = hasEntry ? openRequest(tracer) : undefined;
    const run = () =>
      api.trace.getTracer('x').startActiveSpan('x', (span) => {
        expect([span.isRecording(), api.isSpanContextValid(span.spanContext())]).toEqual([false, false]);
        expect(context.getStore()).toEqual(entry ?? expect.any(UnrecordedTrace));
        const carrier = {};
        api.propagation.inject(api.context.active(), carrier);
        expect(carrier).toEqual({});
        span
          .setAttribute('a', 1)
          .setAttributes({ b: 1 })
          .addEvent('e')
          .setStatus({ code: SpanStatusCode.ERROR })
          .updateName('y')
          .recordException('e');
        span.end();
        return 'done';
      });
    expect(entry ? context.run(entry, run) : run()).toBe('done');
    if (entry) tracer.end(entry);
    expect(spans()).toEqual(entry ? [entry] : []);
  });

  it('records nothing where the request is ignored or not sampled', () => {
    const { tracer, spans } = bridged();
    context.run(tracer.unrecorded('/health'), () => {
      for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.SERVER, SpanKind.CONSUMER]) start(kind).end();
    });
    expect(spans()).toEqual([]);
  });

  it.each([
    [1, 3],
    [0, 0],
  ])(
    'is a trace of its own in what such a request has begun and goes on long after it, at a rate of %d',
    async (...way) => {
      const [sampleRate, count] = way;
      const { tracer, spans, segments, clock } = bridged({}, { sampleRate });
      const trace = tracer.unrecorded('/health', { sw8: 'strange' }, false);
      trace.end();
      const work = (): void => {
        const own = api.trace.getTracer('x').startActiveSpan('x', (span) => (span.end(), context.getStore()));
        expect(own).not.toBe(clock.elapsed() > 0 ? trace : undefined);
        for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT]) start(kind).end();
      };
      context.run(trace, work);
      expect(spans()).toEqual([]);
      await clock.advance(6 * 60_000);
      context.run(trace, work);
      expect(spans()).toHaveLength(count);
      // The request's own headers are taken out of its calls as before.
      for (const { foreign } of segments) expect(foreign).toBe(trace.foreign);
    },
  );

  it.each([1, 0])(
    'is sampled anew in what a recorded request has begun and goes on long after it: %d',
    async (rate) => {
      const { tracer, spans, clock } = bridged();
      const entry = openRequest(tracer);
      tracer.end(entry);
      await clock.advance(6 * 60_000);
      tracer.setSampleRate(rate);
      context.run(entry, () =>
        api.trace.getTracer('x').startActiveSpan('x', (span) => {
          tracer.setSampleRate(1);
          start(SpanKind.CLIENT).end();
          span.end();
        }),
      );
      expect(spans().map(({ segment }) => segment === entry.segment)).toEqual(
        rate === 1 ? [true, false, false] : [true],
      );
    },
  );

  it('has ids of W3C that are unique, valid, and lead back to the trace', () => {
    const { tracer, segments } = bridged();
    const entry = openRequest(tracer);
    const ids = context.run(entry, () =>
      [start(SpanKind.INTERNAL), start(SpanKind.INTERNAL)].map((span) => (span.end(), span.spanContext())),
    );
    tracer.end(entry);
    expect(ids.every((id) => api.isSpanContextValid(id))).toBe(true);
    expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(2);
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(1);
    const hex = ids[0]!.traceId;
    const [first, second, millis, sequence] = [
      hex.slice(0, 8),
      hex.slice(8, 13),
      hex.slice(13, 25),
      hex.slice(25, 29),
    ].map((part) => parseInt(part, 16));
    expect(`${first}.${second}.${millis}${String(sequence).padStart(4, '0')}`).toBe(String(segments[0]!.traceId));
  });

  it('never throws, whatever is passed', () => {
    const { spans } = bridged();
    const evil = new Proxy(
      {},
      {
        get: () => {
          throw new Error('evil');
        },
        ownKeys: () => {
          throw new Error('evil');
        },
      },
    );
    const own = api.trace.getTracer(evil as never);
    for (const options of [
      evil,
      { attributes: evil },
      { links: evil },
      { links: [null] },
      { startTime: evil },
      { kind: 'x' },
    ] as never[]) {
      const span = own.startSpan('x', options);
      for (const value of [evil, undefined, null, Symbol('s')] as never[]) {
        span.setAttribute(value, value).setAttributes(value).addEvent(value, value, value).addLink({ context: value });
        span.setStatus({ code: value, message: value }).updateName(value).recordException(value, value);
      }
      span.end(evil as never);
    }
    expect(() => api.propagation.extract(api.ROOT_CONTEXT, evil)).not.toThrow();
    expect(spans().length).toBeGreaterThan(0);
  });

  it('passes on what the work within it throws and returns', () => {
    bridged();
    const own = api.trace.getTracer('x');
    expect(own.startActiveSpan('x', () => 7)).toBe(7);
    expect(() =>
      own.startActiveSpan('x', { root: true }, api.ROOT_CONTEXT, () => {
        throw new Error('of the work');
      }),
    ).toThrow('of the work');
  });

  it('is asked for its limits by the classes of the SDK', () => {
    bridged();
    const own = api.trace.getTracerProvider().getTracer('prisma') as never as {
      getSpanLimits(): { attributeCountLimit: number };
    };
    expect(own.getSpanLimits().attributeCountLimit).toBeGreaterThan(0);
  });

  it('has one of 1,000 names; what an application makes up beyond is called other', () => {
    const { spans, logged } = bridged();
    for (let n = 0; n <= 1_001; n++) start(SpanKind.INTERNAL, {}, `job ${n}`, 'jobs').end();
    start(SpanKind.INTERNAL, {}, 'job 1', 'jobs').end();
    expect(
      spans()
        .slice(999)
        .map(({ operationName }) => operationName),
    ).toEqual(['job 999', 'jobs/other', 'jobs/other', 'job 1']);
    expect(logged).toEqual([expect.stringContaining('more than 1000 names')]);
  });

  it('that is never ended does not hold back the segment of its request', async () => {
    const { tracer, segments, clock } = bridged();
    const entry = openRequest(tracer);
    const cursor = context.run(entry, () => start(SpanKind.CLIENT, PG));
    tracer.end(entry);
    await clock.advance(10_000);
    expect(segments).toHaveLength(1);
    cursor.end();
    expect(segments[1]!.spans[0]).toMatchObject({ operationName: 'PostgreSQL/SELECT', spanId: 0 });
    expect(segments[1]!.traceId).toBe(segments[0]!.traceId);
  });
});

describe('an SDK of the application', () => {
  const provider = { getTracer: jest.fn() };

  it('that is there first stays', () => {
    api.trace.setGlobalTracerProvider(provider);
    try {
      const { undo } = bridged();
      expect(undo).toBeUndefined();
      expect((api.trace.getTracerProvider() as never as { getDelegate(): unknown }).getDelegate()).toBe(provider);
    } finally {
      api.trace.disable();
    }
  });

  it('that comes later is refused by the API, without an exception', () => {
    bridged();
    const own = api.trace.getTracerProvider();
    expect(api.trace.setGlobalTracerProvider(provider as never)).toBe(false);
    expect(api.trace.getTracerProvider()).toBe(own);
  });
});
