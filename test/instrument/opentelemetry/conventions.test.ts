import { api, bridged, carrierFrom, unbridge, type Carrier } from './fixture';
import { Layer, SpanType } from '../../../src/model/components';
import { context } from '../../../src/tracing/context';
import { tagsOf } from '../../support/tracing';
import type { SpanKind as Kind } from 'otel-api-1-9';
import type { InstrumentOptions } from '../../../src/instrument/options';

afterEach(unbridge);

const { SpanKind } = api;
type Values = Record<string, string | number>;

function made(kind: Kind, attributes: Values, options?: Partial<InstrumentOptions>) {
  const { spans } = bridged(options);
  api.trace.getTracer('lib').startSpan('given', { kind, attributes }).end();
  const [span] = spans();
  return { span: span!, tags: tagsOf(span) };
}

describe('a call of a database', () => {
  it.each([
    [
      'stable',
      {
        'db.system.name': 'postgresql',
        'server.address': 'db',
        'server.port': 5433,
        'db.namespace': 'shop',
        'db.query.text': 'select 1',
      },
    ],
    [
      'old',
      {
        'db.system': 'postgresql',
        'net.peer.name': 'db',
        'net.peer.port': 5433,
        'db.name': 'shop',
        'db.statement': 'select 1',
      },
    ],
  ])('is the same by the %s names of OpenTelemetry', (_which, attributes) => {
    const { span, tags } = made(SpanKind.CLIENT, attributes);
    expect(span).toMatchObject({
      operationName: 'PostgreSQL/SELECT',
      peer: 'db:5433',
      componentId: 22,
      layer: Layer.database,
      type: SpanType.exit,
    });
    expect(tags).toEqual({ 'db.type': 'PostgreSQL', 'db.instance': 'shop', 'db.statement': 'select 1' });
  });

  it.each([
    ['postgresql', 'db', 'db:5432'],
    ['mongodb', 'db', 'db:27017'],
    ['redis', '::1', '[::1]:6379'],
    ['mysql', '/run/mysqld.sock', 'unix:/run/mysqld.sock'],
    ['unheard-of', 'db', 'db'],
    ['postgresql', '', 'postgresql'],
  ])('of %s at "%s" goes to %s', (system, address, expected) => {
    expect(made(SpanKind.CLIENT, { 'db.system': system, 'server.address': address }).span.peer).toBe(expected);
  });

  it('of MySQL has no values in its statement, which its libraries put there, unless they are asked for', () => {
    const attributes = { 'db.system': 'mysql', 'db.statement': "select * from t where name = 'Ada' and n = 7" };
    expect(made(SpanKind.CLIENT, attributes).tags['db.statement']).toBe('select * from t where name = ? and n = ?');
    unbridge();
    expect(made(SpanKind.CLIENT, attributes, { sqlParameters: true }).tags['db.statement']).toContain("'Ada'");
  });

  it('has the values of its parameters only where they are asked for', () => {
    const attributes = { 'db.system.name': 'postgresql', 'db.query.text': 'select $1', 'db.query.parameter.0': 'Ada' };
    expect(Object.values(made(SpanKind.CLIENT, attributes).tags)).not.toContainEqual(expect.stringContaining('Ada'));
    unbridge();
    expect(made(SpanKind.CLIENT, attributes, { sqlParameters: true }).tags['db.sql.parameters']).toBe('[Ada]');
  });

  it('of MongoDB says what is done to which collection', () => {
    const { span, tags } = made(SpanKind.CLIENT, {
      'db.system.name': 'mongodb',
      'db.operation.name': 'find',
      'db.collection.name': 'orders',
      'db.namespace': 'shop',
    });
    expect(span.operationName).toBe('MongoDB/find');
    expect(tags).toEqual({ 'db.type': 'MongoDB', 'db.instance': 'shop', 'db.statement': 'find orders' });
  });

  it.each([
    ['get', 'read'],
    ['set', 'write'],
    ['ping', undefined],
  ])('that is a cache has its command and key: %s', (command, op) => {
    const { span, tags } = made(SpanKind.CLIENT, {
      'db.system.name': 'redis',
      'db.query.text': `${command.toUpperCase()} user:7 [1 other arguments]`,
      'server.address': 'r',
    });
    expect(span).toMatchObject({ operationName: `Redis/${command}`, layer: Layer.cache, componentId: 7 });
    expect(tags).toEqual({
      'cache.type': 'Redis',
      'cache.cmd': command,
      'cache.key': 'user:7',
      ...(op && { 'cache.op': op }),
    });
  });

  it('has one of few names, whatever the library says', () => {
    expect(
      made(SpanKind.CLIENT, { 'db.system': 'postgresql', 'db.statement': 'x'.repeat(500) }).span.operationName,
    ).toBe('PostgreSQL/OTHER');
  });
});

describe('a message', () => {
  const kafka = { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' };

  it.each([
    [SpanKind.PRODUCER, kafka, 'Kafka/orders/Producer', 40],
    [SpanKind.CONSUMER, kafka, 'Kafka/orders/Consumer', 41],
    [SpanKind.CONSUMER, { ...kafka, 'messaging.consumer.group.name': 'mail' }, 'Kafka/orders/Consumer/mail', 41],
    [
      SpanKind.PRODUCER,
      { 'messaging.system': 'rabbitmq', 'messaging.destination': 'shop', 'messaging.rabbitmq.routing_key': 'new' },
      'RabbitMQ/shop/new/Producer',
      52,
    ],
    [
      SpanKind.CONSUMER,
      { 'messaging.system': 'rabbitmq', 'messaging.destination': '', 'messaging.rabbitmq.routing_key': 'new' },
      'RabbitMQ/new/Consumer',
      53,
    ],
  ] as [Kind, Values, string, number][])(
    'is named by what it goes through: %#',
    (kind, attributes, name, componentId) => {
      const { span } = made(kind, attributes);
      expect(span).toMatchObject({
        operationName: name,
        componentId,
        layer: Layer.mq,
        peer: attributes['messaging.system'],
      });
    },
  );

  it('takes the trace along, and how long it was on its way', async () => {
    const { segments, clock } = bridged();
    const headers: Carrier = {};
    const own = api.trace.getTracer('kafkajs');
    own.startActiveSpan('send', { kind: SpanKind.PRODUCER, attributes: kafka }, (span) => {
      api.propagation.inject(api.context.active(), headers);
      span.end();
    });
    await clock.advance(250);
    const bytes = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, Buffer.from(value)]));
    const parent = api.propagation.extract(api.ROOT_CONTEXT, bytes, {
      get: (carrier: Record<string, Buffer>, key) => carrier[key] as never,
      keys: Object.keys,
    });
    expect(api.trace.getSpanContext(parent)).toMatchObject({ isRemote: true });
    own.startSpan('process', { kind: SpanKind.CONSUMER, attributes: kafka }, parent).end();
    const [sent, received] = segments;
    expect(received!.traceId.toString()).toBe(sent!.traceId.toString());
    expect(received!.spans[0]!.refs).toEqual([
      expect.objectContaining({ addressUsedAtPeer: 'kafka', parentSpanId: 0 }),
    ]);
    expect(tagsOf(received!.spans[0])).toMatchObject({
      'transmission.latency': '250',
      'mq.topic': 'orders',
      'mq.broker': 'kafka',
    });
  });

  it('of a batch is one more ref of the span that receives it, which takes the trace of the first', () => {
    const { tracer, segments } = bridged();
    const carriers = [carrierFrom(tracer), carrierFrom(tracer), carrierFrom(tracer)];
    const sent = segments.map(({ traceId }) => traceId.toString());
    const own = api.trace.getTracer('kafkajs');
    own.startActiveSpan(
      'receive',
      { kind: SpanKind.CLIENT, attributes: { ...kafka, 'messaging.operation.type': 'receive' } },
      api.ROOT_CONTEXT,
      (receiving) => {
        const spans = carriers.map((carrier) => {
          const { ...copy } = api.trace.getSpan(api.propagation.extract(api.ROOT_CONTEXT, carrier))!.spanContext();
          return own.startSpan('process', { kind: SpanKind.CONSUMER, attributes: kafka, links: [{ context: copy }] });
        });
        own.startSpan('pg.query', { kind: SpanKind.CLIENT, attributes: { 'db.system': 'postgresql' } }).end();
        for (const span of [...spans, receiving]) span.end();
      },
    );
    const batch = segments[3]!;
    expect(batch.spans.map(({ operationName }) => operationName)).toEqual([
      'PostgreSQL/OTHER',
      'Kafka/orders/Consumer',
    ]);
    expect(batch.spans[1]!.refs).toHaveLength(3);
    expect(batch.traceId.toString()).toBe(sent[0]);
  });

  it('that was not recorded where it was sent is not recorded here', () => {
    const { spans } = bridged();
    const parent = api.propagation.extract(api.ROOT_CONTEXT, { sw8: '' });
    api.trace.getTracer('kafkajs').startSpan('process', { kind: SpanKind.CONSUMER, attributes: kafka }, parent).end();
    expect(spans()).toEqual([]);
  });
});

describe('an event of socket.io', () => {
  const event = { 'messaging.system': 'socket.io', 'messaging.socket.io.event_name': 'order' };

  it.each([
    [SpanKind.CONSUMER, '/', 'socket.io/order', SpanType.entry],
    [SpanKind.CONSUMER, '/shop', 'socket.io/shop/order', SpanType.entry],
    [SpanKind.PRODUCER, '/shop', 'socket.io/shop/order', SpanType.local],
  ] as [Kind, string, string, SpanType][])(
    'is named by its namespace and its name: %#',
    (kind, namespace, name, type) => {
      const { span, tags } = made(kind, {
        ...event,
        'messaging.destination': namespace,
      });
      expect(span).toMatchObject({ operationName: name, type, layer: Layer.unknown, peer: '' });
      expect(tags).toEqual({});
    },
  );
});

describe('an operation of GraphQL', () => {
  it('is local, has the component, and keeps its name', () => {
    const { span, tags } = made(SpanKind.INTERNAL, { 'graphql.operation.type': 'query', 'graphql.source': '{ a }' });
    expect(span).toMatchObject({ operationName: 'given', type: SpanType.local, componentId: 92 });
    expect(tags).toEqual({ 'graphql.operation.type': 'query', 'graphql.source': '{ a }' });
  });
});

describe('a remote call', () => {
  it.each([
    [
      {
        'rpc.system': 'grpc',
        'rpc.service': 'shop.Stock',
        'rpc.method': 'Get',
        'net.peer.name': 'stock',
        'net.peer.port': 50051,
        'rpc.grpc.status_code': 0,
      },
    ],
    [
      {
        'rpc.system.name': 'grpc',
        'rpc.method': 'shop.Stock/Get',
        'server.address': 'stock',
        'server.port': 50051,
        'rpc.response.status_code': 0,
      },
    ],
  ])('of gRPC is named by its method, old and new: %#', (attributes) => {
    const { span, tags } = made(SpanKind.CLIENT, attributes);
    expect(span).toMatchObject({
      operationName: '/shop.Stock/Get',
      peer: 'stock:50051',
      componentId: 23,
      layer: Layer.rpcFramework,
    });
    expect(tags['rpc.status_code']).toBe('0');
  });

  it('that a server begins, and then says what was called, is named by that in the headers of calls within it', () => {
    const { tracer, spans } = bridged();
    const parent = api.propagation.extract(api.ROOT_CONTEXT, carrierFrom(tracer, 'stock:50051'));
    const span = api.trace
      .getTracer('grpc')
      .startSpan('grpc.shop.Stock/Get', { kind: SpanKind.SERVER, attributes: { 'rpc.system': 'grpc' } }, parent)
      .setAttributes({ 'rpc.service': 'shop.Stock', 'rpc.method': 'Get' });
    const carrier: Carrier = {};
    api.context.with(api.trace.setSpan(parent, span), () => {
      const call = tracer.openExit('/inner', 'inner:80')!;
      tracer.inject(call, carrier, (into, name, value) => (into[name] = value));
      tracer.end(call);
    });
    span.end();
    expect(tracer.parentIn(carrier)).toMatchObject({ ref: { parentEndpoint: '/shop.Stock/Get' } });
    expect(spans().find(({ type }) => type === SpanType.entry)).toMatchObject({ operationName: '/shop.Stock/Get' });
  });

  it("of a cloud's API goes to its service", () => {
    const { span } = made(SpanKind.CLIENT, {
      'rpc.system': 'aws-api',
      'rpc.service': 'S3',
      'rpc.method': 'PutObject',
      'cloud.region': 'eu-1',
    });
    expect(span).toMatchObject({ operationName: '/S3/PutObject', peer: 'S3.eu-1', componentId: 50 });
  });

  it('by HTTP that we do not see ourselves has its path, without query and password', () => {
    const { span, tags } = made(SpanKind.CLIENT, {
      'http.request.method': 'GET',
      'url.full': 'https://u:p@a.com/b?c=d',
      'server.address': 'a.com',
      'http.response.status_code': 200,
    });
    expect(span).toMatchObject({ operationName: '/b', peer: 'a.com:443', layer: Layer.http, componentId: 2 });
    expect(tags).toEqual({ 'http.method': 'GET', url: 'https://a.com/b', 'http.status_code': '200' });
  });

  it('of a request that we do not see ourselves has its method, as our own entries have', () => {
    const { span, tags } = made(SpanKind.SERVER, {
      'http.request.method': 'GET',
      'url.full': 'http://a.com/b/7?c=d',
      'http.response.status_code': 200,
    });
    expect(span).toMatchObject({ operationName: '/b/{id}', method: 'GET', layer: Layer.http, type: SpanType.entry });
    expect(span).toMatchObject({ urlBase: 'http://a.com/b/7', statusCode: 200 });
    expect(tags).toEqual({});
  });

  it.each(['@:handle', '@[user]/posts', '/:lang?/about', '/files/:drive:/:name@:version', '/#/orders/:id'])(
    'of a request is named by its route as the application wrote it: %s',
    (route) => {
      const attributes = { 'http.request.method': 'GET', 'url.path': '/orders/7', 'http.route': route };
      expect(made(SpanKind.SERVER, attributes).span).toMatchObject({ operationName: route });
    },
  );

  it('of a request has no longer method than any that there is', () => {
    const { span } = made(SpanKind.SERVER, { 'http.request.method': 'M'.repeat(40_000), 'url.path': '/x' });
    expect(span).toMatchObject({ operationName: '/x', method: 'M'.repeat(32) });
  });

  it('within a request carries its headers', () => {
    const { tracer } = bridged();
    const entry = tracer.openEntry('/')!;
    const carrier: Carrier = {};
    context.run(entry, () => {
      api.trace
        .getTracer('grpc')
        .startActiveSpan(
          'call',
          { kind: SpanKind.CLIENT, attributes: { 'rpc.system': 'grpc', 'server.address': 'stock', 'server.port': 1 } },
          () => api.propagation.inject(api.context.active(), carrier),
        );
    });
    const parent = tracer.parentIn(carrier);
    expect(parent).toMatchObject({ isSampled: true, ref: { addressUsedAtPeer: 'stock:1', parentEndpoint: '/' } });
  });

  it.each([
    ['any host', {}, true],
    ['some hosts', { propagateTo: ['stock.*'] }, false],
    ['hosts that are not third parties', { doNotPropagateTo: ['third.example'] }, false],
  ])('to a service whose place is not known carries headers where these are for %s', (_, options, isCarried) => {
    bridged({}, options);
    const carrier: Carrier = {};
    const attributes = { 'rpc.system': 'grpc', 'rpc.service': 'stock.Stock', 'rpc.method': 'Get' };
    api.trace
      .getTracer('grpc')
      .startActiveSpan('call', { kind: SpanKind.CLIENT, attributes }, () =>
        api.propagation.inject(api.context.active(), carrier),
      );
    expect('sw8' in carrier).toBe(isCarried);
  });
});
